//! How large an org may be: each request reads it, and DynamoDB counts reads by 4 KB.

use crate::domain::{Error, Org, Refusal};
use crate::store::codec::org_item_bytes;

/// How many bytes an org may take where it is stored, with all its settings but those of assertions: what one read covers.
pub(crate) const MAX_ORG_BYTES: usize = 4_096;

/// Checks that an org can be read at once. One that is larger already may become smaller in steps.
///
/// # Errors
/// [`Refusal::Invalid`] if it is larger than [`MAX_ORG_BYTES`], and than it was. It names what takes the most.
pub(crate) fn fits_in_one_read(existing: Option<&Org>, org: &Org) -> Result<(), Error> {
    let bytes = org_item_bytes(org)?;
    if bytes <= MAX_ORG_BYTES {
        return Ok(());
    }
    if let Some(existing) = existing
        && bytes <= org_item_bytes(existing)?
    {
        return Ok(());
    }
    let mut largest = ("settings", 0);
    for (field, without) in LARGE {
        let mut rest = org.clone();
        without(&mut rest);
        let taken = bytes.saturating_sub(org_item_bytes(&rest)?);
        if taken > largest.1 {
            largest = (field, taken);
        }
    }
    let (field, taken) = largest;
    let rule = format!(
        "must be smaller: the org would take {bytes} bytes, {taken} of them for this, and may take {MAX_ORG_BYTES}, because each \
         request reads it"
    );
    Err(Refusal::invalid(field, rule).into())
}

/// A change that leaves something out of an org.
type Without = fn(&mut Org);

/// What of an org has no small limit of its own: the field, and how to leave it out.
const LARGE: [(&str, Without); 6] = [
    ("name", |org| org.name = None),
    ("settings.supported_scopes", |org| org.settings.oauth.supported_scopes.clear()),
    ("settings.resources", |org| org.settings.oauth.resources = None),
    ("settings.default_resource", |org| org.settings.oauth.default_resource = None),
    ("settings.authorization_details_types", |org| org.settings.oauth.authorization_details_types.clear()),
    ("settings.attributes", |org| org.settings.oauth.attributes.clear()),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Audience, AuthorizationDetailsType, OrgId, ProtectedResource, Scope, SupportedScope, Timestamp};

    fn org() -> Org {
        Org::new(OrgId::parse("acme").unwrap(), Timestamp::from_ms(1_795_348_800_000))
    }

    fn scopes(count: usize) -> Vec<SupportedScope> {
        let scope = |n: usize| SupportedScope {
            name: Scope::parse(&format!("urn:shop:orders:{n:03}:write")).unwrap(),
            default: false,
            description: None,
            token_duration: None,
            refresh_token_duration: None,
            attributes: Vec::new(),
        };
        (0..count).map(scope).collect()
    }

    fn refusal(existing: Option<&Org>, org: &Org) -> Option<(String, String)> {
        match fits_in_one_read(existing, org) {
            Ok(()) => None,
            Err(Error::Refused(Refusal::Invalid { field, rule })) => Some((field.into_owned(), rule.into_owned())),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn pairs(bytes: usize) -> Vec<(String, String)> {
        vec![("k".to_owned(), "v".repeat(bytes))]
    }

    #[test]
    fn an_org_takes_what_one_read_covers_and_not_a_byte_more() {
        let mut org = org();
        org.settings.oauth.attributes = pairs(1);
        let rest = MAX_ORG_BYTES - org_item_bytes(&org).unwrap();
        org.settings.oauth.attributes = pairs(1 + rest);
        assert_eq!((org_item_bytes(&org).unwrap(), refusal(None, &org)), (MAX_ORG_BYTES, None));
        org.settings.oauth.attributes = pairs(2 + rest);
        let (field, rule) = refusal(None, &org).unwrap();
        assert_eq!(field, "settings.attributes");
        assert!(rule.starts_with("must be smaller: the org would take 4097 bytes, ") && rule.contains("may take 4096"), "{rule}");
    }

    #[test]
    fn what_takes_the_most_is_named() {
        let with = |change: fn(&mut Org)| {
            let mut org = org();
            org.settings.oauth.attributes = pairs(1_000);
            org.settings.oauth.supported_scopes = scopes(30);
            change(&mut org);
            refusal(None, &org).map(|(field, _)| field)
        };
        assert_eq!(with(|_| ()), None);
        assert_eq!(with(|org| org.settings.oauth.supported_scopes = scopes(150)).as_deref(), Some("settings.supported_scopes"));
        assert_eq!(with(|org| org.settings.oauth.attributes = pairs(3_500)).as_deref(), Some("settings.attributes"));
        let resources = |org: &mut Org| {
            let resource = |n| Audience::parse(&format!("https://{n:03}.api.example.com/orders")).unwrap();
            org.settings.oauth.resources = Some((0..100).map(resource).map(ProtectedResource::from_uri).collect());
        };
        assert_eq!(with(resources).as_deref(), Some("settings.resources"));
        let types = |org: &mut Org| {
            org.settings.oauth.authorization_details_types =
                vec![AuthorizationDetailsType::named("payment_initiation".to_owned()); 200];
        };
        assert_eq!(with(types).as_deref(), Some("settings.authorization_details_types"));
    }

    /// Both API secrets are counted from the start: to make one must not fail.
    #[test]
    fn a_secret_makes_no_org_larger() {
        let mut org = org();
        let without = org_item_bytes(&org).unwrap();
        org.secrets = vec![[7; 32], [8; 32]];
        assert_eq!(org_item_bytes(&org).unwrap(), without);
    }

    #[test]
    fn an_org_that_is_too_large_already_may_stay_so_or_shrink() {
        let mut large = org();
        large.settings.oauth.supported_scopes = scopes(180);
        let mut smaller = large.clone();
        smaller.settings.oauth.supported_scopes = scopes(170);
        let disabled = Org { enabled: false, ..large.clone() };
        assert_eq!(refusal(Some(&large), &smaller), None);
        assert_eq!(refusal(Some(&disabled), &disabled), None);
        assert!(refusal(Some(&smaller), &large).is_some() && refusal(None, &smaller).is_some());
    }
}
