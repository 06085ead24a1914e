// Draws what `bench.mjs` has measured, as an SVG: a bar for each server and load, on a logarithmic scale.

const COLORS = ["#0b6e4f", "#f2a541", "#7fb8a4", "#f7cf9a", "#3d5a80", "#c8553d"];
const [LEFT, LEGEND, BAR, GAP, WIDTH] = [170, 32, 16, 18, 520];
// Of the legend: how many names there are in a row, and what room each has.
const [IN_A_ROW, NAME, ROW] = [3, 180, 20];

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** The picture of these figures, each of a server by load in ms. What was not measured, or doesn't exist, has no bar. */
export function picture(figures, loads) {
  const values = figures.flatMap((figure) => loads.map((load) => figure[load])).filter((value) => value > 0);
  const [least, most] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const at = (value) => ((Math.log10(value) - least) / (most - least || 1)) * WIDTH;
  const begin = LEGEND + Math.ceil(figures.length / IN_A_ROW) * ROW + 12;
  const lines = [];
  let top = begin;
  for (const load of loads) {
    const measured = figures.filter((figure) => figure[load] > 0);
    lines.push(`<text x="${LEFT - 10}" y="${top + (measured.length * BAR) / 2 + 4}" text-anchor="end">${escaped(load)}</text>`);
    for (const figure of measured) {
      const length = Math.max(at(figure[load]), 1).toFixed(1);
      const color = COLORS[figures.indexOf(figure) % COLORS.length];
      lines.push(`<rect x="${LEFT}" y="${top}" width="${length}" height="${BAR - 3}" fill="${color}"/>`);
      lines.push(`<text x="${LEFT + Number(length) + 5}" y="${top + BAR - 5}" font-size="11">${Number(figure[load].toPrecision(2))} ms</text>`);
      top += BAR;
    }
    top += GAP;
  }
  const scale = [];
  for (let power = least; power <= most; power += 1) {
    const x = (LEFT + at(10 ** power)).toFixed(1);
    scale.push(`<line x1="${x}" y1="${begin - 6}" x2="${x}" y2="${top - GAP + 4}" stroke="#ddd"/>`);
    scale.push(`<text x="${x}" y="${top - GAP + 20}" text-anchor="middle" font-size="11">${Number((10 ** power).toPrecision(1))} ms</text>`);
  }
  const legend = figures.map((figure, nth) => {
    const [x, y] = [LEFT + (nth % IN_A_ROW) * NAME, LEGEND + Math.floor(nth / IN_A_ROW) * ROW];
    return `<rect x="${x}" y="${y}" width="12" height="12" fill="${COLORS[nth % COLORS.length]}"/><text x="${x + 17}" y="${y + 10}">${escaped(figure.name)}</text>`;
  });
  const [width, height] = [LEFT + WIDTH + 90, top + 16];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${LEFT}" y="20" font-weight="bold">Processor time of the server for each request (logarithmic): less is better</text>`,
    ...legend, ...scale, ...lines,
    "</svg>\n",
  ].join("\n");
}
