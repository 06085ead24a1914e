//! Draws what was measured as an SVG: a curve for each figure, over the number of live tokens.

use std::fmt::Write as _;

/// A curve: what it shows, and its values, one for each number of tokens.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<f64>,
}

/// Draws the curves one below the other. Each begins at zero, so that what is flat looks flat.
pub(crate) fn picture(tokens: &[f64], curves: &[Curve]) -> String {
    let most_tokens = tokens.iter().copied().fold(1.0, f64::max);
    let height = TOP + (HEIGHT + GAP) * curves.len();
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{PAGE}" height="{height}" viewBox="0 0 {PAGE} {height}" font-family="sans-serif" font-size="12">
<rect width="{PAGE}" height="{height}" fill="white"/>
"#
    );
    for (nth, Curve { name, values }) in curves.iter().enumerate() {
        let (top, most) = (TOP + (HEIGHT + GAP) * nth, values.iter().copied().fold(f64::MIN_POSITIVE, f64::max) * 1.15);
        let bottom = top + HEIGHT;
        let at = |tokens: f64, value: f64| (px(LEFT) + tokens / most_tokens * px(WIDTH), px(bottom) - value / most * px(HEIGHT));
        let _ = writeln!(svg, r#"<text x="{LEFT}" y="{}" font-weight="bold">{name}</text>"#, top - 8);
        let _ = writeln!(svg, r##"<path d="M{LEFT} {top}V{bottom}H{}" fill="none" stroke="#999"/>"##, LEFT + WIDTH);
        let points: Vec<_> = tokens.iter().zip(values).map(|(&tokens, &value)| at(tokens, value)).collect();
        let line: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(svg, r##"<polyline points="{}" fill="none" stroke="#0b6e4f" stroke-width="2"/>"##, line.join(" "));
        for ((x, y), value) in points.iter().zip(values) {
            let digits = usize::from(*value < 10.0) * 2;
            let _ = writeln!(svg, r##"<circle cx="{x:.1}" cy="{y:.1}" r="2.5" fill="#0b6e4f"/>"##);
            let _ = writeln!(
                svg,
                r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle" font-size="10">{value:.digits$}</text>"#,
                y - 6.0
            );
        }
        for &tokens in tokens {
            let (x, _) = at(tokens, 0.0);
            let (y, millions) = (bottom + 14, tokens / 1e6);
            let _ = writeln!(svg, r#"<text x="{x:.1}" y="{y}" text-anchor="middle" font-size="10">{millions} M</text>"#);
        }
    }
    svg + "</svg>\n"
}

/// The lengths of the page, in pixels.
const PAGE: usize = 760;
const LEFT: usize = 30;
const TOP: usize = 40;
const WIDTH: usize = 690;
const HEIGHT: usize = 110;
const GAP: usize = 56;

/// A length as a number to reckon with.
fn px(length: usize) -> f64 {
    u32::try_from(length).map_or(0.0, f64::from)
}
