//! Forms: read within their limits, and as the URL standard reads them.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use shared::encoding::form::Parameters;

fuzz_target!(|encoded: &str| {
    let Ok(read) = Parameters::read(encoded) else { return };
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(encoded.as_bytes()) {
        expected.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    assert!(expected.values().map(Vec::len).sum::<usize>() <= 200);
    assert!(expected.keys().all(|name| name.len() <= 256));
    assert!(expected.iter().all(|(name, values)| read.has(name) == values.iter().any(|value| !value.is_empty())));
    assert!(expected.values().flatten().all(|value| value.len() <= Parameters::MAX_VALUE_BYTES));
    let repeated: Vec<&str> = expected.iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| &**name).collect();
    assert_eq!(read.repeated().collect::<Vec<_>>(), repeated);

    expected.retain(|_, values| {
        values.retain(|value| !value.is_empty());
        !values.is_empty()
    });
    assert_eq!(read.into_values().collect::<BTreeMap<_, _>>(), expected);
    let pairs = expected.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let again = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    assert_eq!(Parameters::read(&again).unwrap().into_values().collect::<BTreeMap<_, _>>(), expected);
});
