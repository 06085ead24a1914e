//! Merge patches: RFC 7396. How one is applied is `json-patch`'s; here it is held to what a body of our own may have.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{UNKNOWN, json};
use crate::domain::{Error, Fault, Refusal};

/// A body as which a patched answer is read: it takes what a `GET` answers, and refuses names that it doesn't know.
pub trait Patched: DeserializeOwned {
    /// The names that a patch may repeat but not change.
    const READ_ONLY: &'static [&'static str];
}

/// A merge patch that has no name which a `T` doesn't know.
#[derive(Debug)]
pub struct MergePatch<T> {
    patch: Value,
    shape: PhantomData<fn() -> T>,
}

impl<T: Patched> MergePatch<T> {
    /// Reads a patch. Each of its names must be known, also where it is to be removed: a misspelled one would change nothing.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], as from [`json::read`].
    pub fn read(body: &[u8]) -> Result<Self, Refusal> {
        let patch: Map<String, Value> = json::read(body)?;
        let patch = Value::Object(patch);
        for removal in removals(&patch) {
            if let Err(unknown @ Refusal::Invalid { .. }) = json::decode::<T>(&removal)
                && is_unknown(&unknown)
            {
                return Err(unknown);
            }
        }
        Ok(Self { patch, shape: PhantomData })
    }

    /// Applies the patch, and reads what that makes of `there`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], if it can't be read as a `T`, or something changed that is only shown.
    pub fn applied_to(&self, there: &impl Serialize) -> Result<T, Error> {
        let there = serde_json::to_value(there).map_err(|error| Fault::internal("patching").because(error))?;
        let mut patched = there.clone();
        json_patch::merge(&mut patched, &self.patch);
        if let Some(name) = T::READ_ONLY.iter().find(|name| patched.get(**name) != there.get(**name)) {
            return Err(Refusal::invalid(*name, "can't be changed: must be left out, or be as it is").into());
        }
        Ok(json::decode(&patched)?)
    }
}

fn is_unknown(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Invalid { rule, .. } if rule.starts_with(UNKNOWN))
}

/// The removals of a patch, each by itself in the objects in which it stands.
fn removals(patch: &Value) -> Vec<Value> {
    let Value::Object(members) = patch else { return if patch.is_null() { vec![Value::Null] } else { Vec::new() } };
    let within = |name: &String, removal: Value| Value::Object(Map::from_iter([(name.clone(), removal)]));
    let of_member =
        |(name, value): (&String, &Value)| removals(value).into_iter().map(|removal| within(name, removal)).collect::<Vec<_>>();
    members.iter().flat_map(of_member).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::encoding::{Object, ReadOnly, present};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(default, deserialize_with = "present")]
        name: Option<String>,
        #[serde(default, deserialize_with = "present")]
        inner: Option<Object<Inner>>,
        #[serde(default, rename = "made")]
        _made: ReadOnly,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(default, deserialize_with = "present")]
        count: Option<u32>,
        #[serde(default)]
        texts: BTreeMap<String, String>,
    }

    impl Patched for Body {
        const READ_ONLY: &'static [&'static str] = &["made"];
    }

    fn patched(patch: &Value) -> Result<Body, (String, String)> {
        let there = json!({"name": "a", "inner": {"count": 1, "texts": {"x": "1", "y": "2"}}, "made": "then"});
        let patch = MergePatch::<Body>::read(patch.to_string().as_bytes()).map_err(Error::from);
        patch.and_then(|patch| patch.applied_to(&there)).map_err(|error| {
            let Error::Refused(Refusal::Invalid { field, rule }) = error else { panic!("{error:?}") };
            (field.into_owned(), rule.into_owned())
        })
    }

    #[test]
    fn rfc7396_2_members_are_replaced_or_removed_and_others_stay() {
        let body = patched(&json!({"inner": {"texts": {"x": null, "z": "3"}}})).unwrap();
        let inner = body.inner.unwrap().0;
        assert_eq!((body.name.as_deref(), inner.count), (Some("a"), Some(1)));
        assert_eq!(inner.texts, BTreeMap::from([("y".into(), "2".into()), ("z".into(), "3".into())]));
        let body = patched(&json!({"name": null, "inner": {"count": 2, "texts": null}, "made": "then"})).unwrap();
        let inner = body.inner.unwrap().0;
        assert_eq!((body.name, inner.count, inner.texts.len()), (None, Some(2), 0));
        assert!(patched(&json!({"inner": {"texts": {"no such": null}}})).is_ok(), "keys of others have no list of known ones");
    }

    #[test]
    fn what_a_patch_cannot_do_is_refused_by_name() {
        for (patch, field, rule) in [
            (json!({"nam": null}), "nam", "is not a known field (did you mean \"name\"?)"),
            (json!({"name": null, "inner": {"coumt": null}}), "inner.coumt", "is not a known field (did you mean \"count\"?)"),
            (json!({"nam": "b"}), "nam", "is not a known field (did you mean \"name\"?)"),
            (json!({"inner": {"count": "x"}}), "inner.count", "must be an integer from 0 to 4294967295"),
            (json!({"made": "now"}), "made", "can't be changed: must be left out, or be as it is"),
            (json!({"made": null}), "made", "can't be changed: must be left out, or be as it is"),
            (json!([]), "", "must be an object"),
            (json!(null), "", "must not be null"),
        ] {
            let (f, r) = patched(&patch).unwrap_err();
            assert_eq!((&*f, &*r), (field, rule), "{patch}");
        }
    }
}
