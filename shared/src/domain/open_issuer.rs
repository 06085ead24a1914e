//! Issuers of which everybody can have a token, as of 2026-11-28, and which conditions keep strangers out.
//!
//! This is the whole list: it grows with releases. An issuer that isn't on it can't be told from one that knows whom it gives tokens, so
//! whoever trusts it must say which subject is meant.

use super::{
    AssertionIssuer, AssertionSettings, ClaimCondition, ClaimPattern, FederatedIdentity, FederationProblem, TextPattern,
};

/// An issuer of which strangers can have tokens.
#[derive(Debug)]
pub struct OpenIssuer {
    /// What its names begin with: this, or this with a `/` behind it.
    places: &'static [&'static str],
    /// Whether one below it, with a path of one segment, is a customer's own, so that no stranger has its tokens.
    has_own_issuers: bool,
    /// The claims by which strangers can be kept out.
    closers: &'static [Closer],
}

/// A claim that says whose token it is.
#[derive(Debug)]
struct Closer {
    claim: &'static str,
    /// What a prefix must begin with that keeps strangers out. `None`: only a whole value does.
    prefix: Option<PrefixForm>,
}

/// The form of a prefix that leaves strangers no room.
#[derive(Clone, Copy, Debug)]
struct PrefixForm {
    /// What it begins with.
    start: &'static str,
    /// After so many names, each with one of the ends behind it, it may go on as it likes.
    names: usize,
    ends: &'static [char],
}

const fn exact(claim: &'static str) -> Closer {
    Closer { claim, prefix: None }
}

const fn or_prefix(claim: &'static str, start: &'static str, names: usize, ends: &'static [char]) -> Closer {
    Closer { claim, prefix: Some(PrefixForm { start, names, ends }) }
}

static OPEN_ISSUERS: &[OpenIssuer] = &[
    OpenIssuer {
        places: &["https://token.actions.githubusercontent.com"],
        has_own_issuers: true,
        closers: &[
            exact("repository_id"),
            exact("repository_owner_id"),
            exact("enterprise_id"),
            exact("repository_owner"),
            or_prefix("repository", "", 1, &['/']),
            or_prefix("sub", "repo:", 1, &['/']),
            or_prefix("job_workflow_ref", "", 2, &['/']),
            or_prefix("workflow_ref", "", 2, &['/']),
        ],
    },
    OpenIssuer {
        places: &["https://gitlab.com"],
        has_own_issuers: false,
        closers: &[
            exact("project_id"),
            exact("namespace_id"),
            exact("namespace_path"),
            or_prefix("project_path", "", 1, &['/']),
            or_prefix("sub", "project_path:", 1, &['/']),
        ],
    },
    OpenIssuer {
        places: &["https://accounts.google.com", "accounts.google.com"],
        has_own_issuers: false,
        closers: &[exact("sub"), exact("email"), exact("azp")],
    },
    OpenIssuer {
        places: &["https://app.terraform.io"],
        has_own_issuers: false,
        closers: &[
            exact("terraform_organization_id"),
            exact("terraform_workspace_id"),
            exact("terraform_project_id"),
            exact("terraform_organization_name"),
            or_prefix("sub", "organization:", 1, &[':']),
        ],
    },
    OpenIssuer {
        places: &["https://agent.buildkite.com"],
        has_own_issuers: false,
        closers: &[
            exact("organization_id"),
            exact("organization_slug"),
            exact("pipeline_id"),
            or_prefix("sub", "organization:", 1, &[':']),
        ],
    },
    OpenIssuer {
        places: &["https://oidc.vercel.com", "https://api.bitbucket.org", "https://oidc.fly.io"],
        has_own_issuers: false,
        closers: &[exact("sub")],
    },
    // Every tenant's tokens are theirs: nothing closes them.
    OpenIssuer {
        places: &[
            "https://login.microsoftonline.com/common",
            "https://login.microsoftonline.com/organizations",
            "https://login.microsoftonline.com/consumers",
            "https://sts.windows.net/common",
        ],
        has_own_issuers: false,
        closers: &[],
    },
];

impl OpenIssuer {
    /// Finds an issuer on the list. `None`: it isn't on it.
    pub fn find(issuer: &str) -> Option<&'static Self> {
        // A host may be written in any case, and with its port.
        let name = issuer.to_ascii_lowercase().replacen(".com:443", ".com", 1);
        let rest = |open: &'static Self| {
            let rests = open.places.iter().filter_map(|place| name.strip_prefix(place));
            rests
                .filter(|rest| rest.is_empty() || rest.starts_with('/'))
                .map(|rest| (open, rest.trim_matches('/').to_owned()))
                .next()
        };
        let (open, rest) = OPEN_ISSUERS.iter().find_map(rest)?;
        let is_customers = open.has_own_issuers && !rest.is_empty() && !rest.contains('/');
        (!is_customers).then_some(open)
    }

    /// The names of the claims that keep strangers out, for people. Empty: none does.
    pub fn closing_claims(&self) -> String {
        self.closers.iter().map(|closer| closer.claim).collect::<Vec<_>>().join(", ")
    }

    /// Whether one of these conditions, or the subject, keeps strangers out.
    pub fn is_closed_by<'a>(
        &self,
        conditions: impl IntoIterator<Item = &'a ClaimCondition>,
        subject: Option<&TextPattern>,
    ) -> bool {
        let by_subject = subject.is_some_and(|subject| self.closers.iter().any(|it| it.claim == "sub" && it.closes(subject)));
        by_subject || conditions.into_iter().any(|condition| self.closers.iter().any(|closer| closer.is_closed_by(condition)))
    }
}

impl Closer {
    /// Whether each value that the condition lets pass is one that strangers can't have.
    fn is_closed_by(&self, condition: &ClaimCondition) -> bool {
        let closes = |value: &ClaimPattern| match value {
            ClaimPattern::Text(text) => self.closes(text),
            ClaimPattern::Integer(_) | ClaimPattern::Flag(_) => true,
        };
        condition.claim.is(self.claim) && condition.values.iter().all(closes)
    }

    fn closes(&self, pattern: &TextPattern) -> bool {
        match (pattern, self.prefix) {
            (TextPattern::Exact(_), _) => true,
            (TextPattern::Prefix(prefix), Some(form)) => form.fits(prefix),
            (TextPattern::Prefix(_), None) => false,
        }
    }
}

impl PrefixForm {
    fn fits(self, prefix: &str) -> bool {
        let Some(mut rest) = prefix.strip_prefix(self.start) else { return false };
        for _ in 0..self.names {
            // A name that is empty, or that has an end of something else in it, is nobody's.
            match rest.split_once(self.ends) {
                Some((name, behind)) if !name.is_empty() && !name.contains(['/', ':']) => rest = behind,
                _ => return false,
            }
        }
        true
    }
}

impl AssertionIssuer {
    /// Whether strangers could have tokens that pass the conditions of the issuer alone.
    pub fn lets_strangers_in(&self) -> bool {
        OpenIssuer::find(&self.issuer).is_some_and(|open| !open.is_closed_by(&self.claims, None))
    }

    /// Whether strangers could be this identity, by its conditions and the issuer's.
    pub fn lets_strangers_be(&self, identity: &FederatedIdentity) -> bool {
        let conditions = self.claims.iter().chain(&identity.claims);
        OpenIssuer::find(&self.issuer).is_some_and(|open| !open.is_closed_by(conditions, Some(&identity.subject)))
    }

    /// Whether strangers can be subjects of whom it speaks. Such an issuer counts for nothing.
    pub fn is_open_to_strangers(&self) -> bool {
        self.speaks_for_subjects() && self.lets_strangers_in()
    }

    /// Whether strangers can be a client that has this identity at the issuer. Such an identity counts for nobody.
    pub fn is_open_to_strangers_by(&self, identity: &FederatedIdentity) -> bool {
        identity.issuer == self.issuer && self.lets_strangers_be(identity)
    }

    /// Checks that strangers have no part in what is trusted of the issuer without a client that names a subject. `field`: where its
    /// conditions are.
    ///
    /// # Errors
    /// [`FederationProblem::OpenToStrangers`], if it speaks for subjects and no condition keeps strangers out, or a prefix ends within a name.
    pub fn ensure_strangers_are_kept_out(&self, field: &str) -> Result<(), FederationProblem> {
        let Some(open) = OpenIssuer::find(&self.issuer) else { return Ok(()) };
        ensure_prefixes_are_whole(None, &self.claims, field)?;
        if self.is_open_to_strangers() {
            return Err(open.problem(field));
        }
        Ok(())
    }
}

/// What clients are told of the issuers that an org trusts. Which these are is for nobody to know.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct IssuerKinds {
    /// Whether the identity assertion grants of some issuer are taken.
    pub id_jags: bool,
    /// Whether some issuer is a SPIFFE trust domain.
    pub spiffe: bool,
}

impl AssertionSettings {
    /// Returns the kinds of the issuers that are trusted.
    pub fn issuer_kinds(&self) -> IssuerKinds {
        let some =
            |is_one: fn(&AssertionIssuer) -> bool| self.assertion_issuers.iter().any(|issuer| issuer.enabled && is_one(issuer));
        IssuerKinds {
            id_jags: some(|issuer| issuer.id_jag && !issuer.lets_strangers_in()),
            spiffe: some(AssertionIssuer::is_trust_domain),
        }
    }
}

impl FederatedIdentity {
    /// Checks that no prefix ends within a name, where strangers choose theirs. `field`: where the identity is.
    ///
    /// # Errors
    /// [`FederationProblem::OpenToStrangers`], if what stands before a `*` ends with neither `/` nor `:`.
    pub fn ensure_prefixes_are_whole(&self, field: &str) -> Result<(), FederationProblem> {
        match OpenIssuer::find(&self.issuer) {
            Some(_) => ensure_prefixes_are_whole(Some(&self.subject), &self.claims, field),
            None => Ok(()),
        }
    }
}

impl OpenIssuer {
    /// Says that nothing keeps strangers out, and what would.
    pub fn problem(&self, field: &str) -> FederationProblem {
        let claims = self.closing_claims();
        let rule = if claims.is_empty() {
            "strangers can have tokens of this issuer, and no claim keeps them out: name the issuer of one tenant".to_owned()
        } else {
            format!("strangers can have tokens of this issuer: there must be a condition on one of {claims}")
        };
        FederationProblem::OpenToStrangers { field: field.to_owned(), rule }
    }
}

fn ensure_prefixes_are_whole(
    subject: Option<&TextPattern>,
    claims: &[ClaimCondition],
    field: &str,
) -> Result<(), FederationProblem> {
    let values = claims.iter().flat_map(|condition| &condition.values);
    let texts = values.filter_map(|value| match value {
        ClaimPattern::Text(text) => Some(text),
        ClaimPattern::Integer(_) | ClaimPattern::Flag(_) => None,
    });
    let is_within = |pattern: &TextPattern| matches!(pattern, TextPattern::Prefix(text) if !text.ends_with(['/', ':']));
    if subject.into_iter().chain(texts).any(is_within) {
        let rule =
            "what stands before a * must end with / or : for this issuer, or a stranger's name can begin with it".to_owned();
        return Err(FederationProblem::OpenToStrangers { field: field.to_owned(), rule });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::IssuerKeys;

    const GITHUB: &str = "https://token.actions.githubusercontent.com";

    fn condition(claim: &str, values: &[&str]) -> ClaimCondition {
        let values = values.iter().map(|value| ClaimPattern::Text(value.parse().unwrap())).collect();
        ClaimCondition { claim: claim.parse().unwrap(), values }
    }

    fn closes(issuer: &str, claim: &str, value: &str) -> bool {
        OpenIssuer::find(issuer).unwrap().is_closed_by(&[condition(claim, &[value])], None)
    }

    #[test]
    fn the_list_knows_issuers_by_their_place() {
        for open in [
            GITHUB,
            "https://token.actions.githubusercontent.com/",
            "https://token.actions.githubusercontent.com/a/b",
            "https://Token.Actions.githubusercontent.com",
            "https://token.actions.githubusercontent.com:443",
            "https://gitlab.com",
            "https://gitlab.com/x",
            "https://accounts.google.com",
            "accounts.google.com",
            "https://api.bitbucket.org/2.0/workspaces/x/pipelines-config/identity/oidc",
            "https://login.microsoftonline.com/common/v2.0",
            "https://sts.windows.net/common/",
        ] {
            assert!(OpenIssuer::find(open).is_some(), "{open}");
        }
        for own in [
            "https://token.actions.githubusercontent.com/acme",
            "https://token.actions.githubusercontent.com.evil.example",
            "https://gitlab.example",
            "https://gitlab.com.example",
            "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
            "https://oidc.eks.eu-west-1.amazonaws.com/id/EX",
        ] {
            assert!(OpenIssuer::find(own).is_none(), "{own}");
        }
    }

    #[test]
    fn strangers_are_kept_out_by_whose_a_token_is_and_by_nothing_less() {
        for (issuer, claim, value) in [
            (GITHUB, "repository_id", "957014466"),
            (GITHUB, "/repository_owner_id", "1"),
            (GITHUB, "repository", "acme/shop"),
            (GITHUB, "repository", "acme/*"),
            (GITHUB, "sub", "repo:acme/shop:environment:prod"),
            (GITHUB, "sub", "repo:acme/*"),
            (GITHUB, "sub", "repo:acme@43356/*"),
            (GITHUB, "job_workflow_ref", "acme/shop/*"),
            ("https://gitlab.com", "project_path", "acme/*"),
            ("https://gitlab.com", "sub", "project_path:acme/shop:*"),
            ("https://accounts.google.com", "email", "x@acme.iam.gserviceaccount.com"),
            ("https://app.terraform.io", "sub", "organization:acme:*"),
            ("https://agent.buildkite.com", "organization_slug", "acme"),
            ("https://oidc.fly.io/acme", "sub", "acme:app:x"),
        ] {
            assert!(closes(issuer, claim, value), "{issuer} {claim} {value}");
        }
        for (issuer, claim, value) in [
            (GITHUB, "environment", "prod"),
            (GITHUB, "repository_id", "9*"),
            (GITHUB, "repository", "acme*"),
            (GITHUB, "repository", "/*"),
            (GITHUB, "sub", "repo:*"),
            (GITHUB, "sub", "repo:acme*"),
            (GITHUB, "sub", "repo:acme:*"),
            (GITHUB, "sub", "repo:/*"),
            (GITHUB, "sub", "r*"),
            (GITHUB, "job_workflow_ref", "acme/*"),
            (GITHUB, "job_workflow_ref", "acme//*"),
            ("https://gitlab.com", "sub", "project_path:*"),
            ("https://gitlab.com", "namespace_path", "acme/*"),
            ("https://accounts.google.com", "hd", "acme.example"),
            ("https://app.terraform.io", "sub", "organization:*"),
            ("https://app.terraform.io", "sub", "organization:a/b:*"),
            ("https://oidc.vercel.com", "sub", "owner:acme:*"),
            ("https://login.microsoftonline.com/common/v2.0", "sub", "x"),
        ] {
            assert!(!closes(issuer, claim, value), "{issuer} {claim} {value}");
        }
    }

    #[test]
    fn each_of_several_values_must_keep_strangers_out() {
        let open = OpenIssuer::find(GITHUB).unwrap();
        assert!(open.is_closed_by(&[condition("repository", &["acme/shop", "acme/*"])], None));
        assert!(!open.is_closed_by(&[condition("repository", &["acme/shop", "a*"])], None));
        let both = [condition("environment", &["prod"]), condition("repository_id", &["1"])];
        assert!(open.is_closed_by(&both, None), "one condition is enough");
        assert!(open.is_closed_by(&[], Some(&"repo:acme/shop:*".parse().unwrap())));
        assert!(!open.is_closed_by(&[], Some(&"repo:*".parse().unwrap())));
    }

    #[test]
    fn a_prefix_never_ends_within_a_name_where_strangers_choose_theirs() {
        let issuer = |claims| AssertionIssuer { claims, ..AssertionIssuer::new(GITHUB.to_owned(), IssuerKeys::Discovery) };
        let is_fine = |issuer: AssertionIssuer| issuer.ensure_strangers_are_kept_out("claims").is_ok();
        assert!(is_fine(issuer(vec![condition("repository_id", &["1"]), condition("ref", &["refs/heads/*"])])));
        assert!(!is_fine(issuer(vec![condition("repository_id", &["1"]), condition("ref", &["refs/heads/rel*"])])));
        let own = AssertionIssuer { issuer: "https://gitlab.example".to_owned(), ..issuer(vec![condition("sub", &["a*"])]) };
        assert!(is_fine(own), "an issuer of one's own");
        let identity = |subject: &str| FederatedIdentity {
            issuer: GITHUB.to_owned(),
            subject: subject.parse().unwrap(),
            claims: Vec::new(),
            allowed_networks: None,
        };
        assert!(identity("repo:acme/*").ensure_prefixes_are_whole("").is_ok());
        assert!(identity("repo:acme*").ensure_prefixes_are_whole("").is_err());
    }

    #[test]
    fn what_is_said_of_all_its_tokens_and_what_a_client_says_keep_strangers_out_together() {
        let open = AssertionIssuer::new(GITHUB.to_owned(), IssuerKeys::Discovery);
        let closed = AssertionIssuer { claims: vec![condition("repository_owner_id", &["1"])], ..open.clone() };
        let anybody = FederatedIdentity {
            issuer: GITHUB.to_owned(),
            subject: "repo:*".parse().unwrap(),
            claims: Vec::new(),
            allowed_networks: None,
        };
        assert!(open.lets_strangers_in() && open.lets_strangers_be(&anybody));
        assert!(!closed.lets_strangers_in() && !closed.lets_strangers_be(&anybody));
        let own = FederatedIdentity { claims: vec![condition("repository_id", &["1"])], ..anybody };
        assert!(!open.lets_strangers_be(&own));
        assert!(open.ensure_strangers_are_kept_out("").is_ok(), "its subjects are members or clients that are named");
        for speaks in [
            |issuer: AssertionIssuer| AssertionIssuer { any_subject: true, ..issuer },
            |issuer: AssertionIssuer| AssertionIssuer { subject_tokens: true, ..issuer },
            |issuer: AssertionIssuer| AssertionIssuer { id_jag: true, ..issuer },
        ] {
            assert!(speaks(open.clone()).ensure_strangers_are_kept_out("").is_err());
            assert!(speaks(closed.clone()).ensure_strangers_are_kept_out("").is_ok());
        }
    }
}
