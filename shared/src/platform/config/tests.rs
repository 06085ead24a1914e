use super::*;

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let error = Config::read(|name| (name == "JETON_ISSUER").then(|| "jeton.example".into())).unwrap_err().to_string();
    for part in ["_HANDLER is not set", "JETON_ISSUER must be an http or https URL"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn an_empty_variable_is_a_missing_one() {
    assert!(Config::read(|_| Some(String::new())).is_err());
}

#[test]
fn no_key_set_is_read_unless_its_origin_is_named() {
    let read = |origins: &'static str| {
        Config::read(move |name| match name {
            "_HANDLER" => Some("jeton.health".into()),
            "JETON_ISSUER" => Some("https://jeton.example".into()),
            "JETON_JWKS_ORIGINS" => Some(origins.into()),
            _ => None,
        })
    };
    assert!(read("").unwrap().jwks_origins.is_empty());
    let origins = read("https://idp.example http://127.0.0.1:9000").unwrap().jwks_origins;
    assert!(origins.allow("https://idp.example/jwks") && origins.allow("http://127.0.0.1:9000/"));
    for bad in ["*", "https://idp.example/jwks", "https://idp.example,https://other.example/", "http://idp.example"] {
        let error = read(bad).unwrap_err().to_string();
        assert!(error.contains("JETON_JWKS_ORIGINS must be an https URL"), "{bad}: {error}");
    }
}

#[test]
fn no_reports_of_leaked_keys_are_taken_unless_their_keys_are_named() {
    let read = |urls: &'static str| read_secret_scanners(move |name| (name == "JETON_SECRET_SCANNING_KEYS").then(|| urls.into()));
    assert!(read("").unwrap().is_empty());
    assert_eq!(read("https://scanner.example/keys  http://127.0.0.1:4000/keys").unwrap().len(), 2);
    for bad in ["scanner.example", "http://scanner.example/keys", "https://scanner.example/keys,https://other.example/keys#x"] {
        let error = read(bad).unwrap_err().to_string();
        assert!(error.contains("JETON_SECRET_SCANNING_KEYS must be an https URL"), "{bad}: {error}");
    }
}

fn given(name: &str) -> Option<String> {
    let value = match name {
        "AWS_REGION" => "eu-west-1",
        "AWS_ACCESS_KEY_ID" => "AKIA",
        "AWS_SECRET_ACCESS_KEY" => "hunter2",
        "AWS_SESSION_TOKEN" => "hunter3",
        "AWS_ENDPOINT_URL" => "http://127.0.0.1:4577",
        "AWS_ENDPOINT_URL_KMS" => "https://kms.example",
        "JETON_TOKENS_TABLE" => "Tokens",
        "JETON_DIRECTORY_TABLE" => "Directory",
        "JETON_BY_SUBJECT" => "off",
        _ => return None,
    };
    Some(value.to_owned())
}

#[test]
fn a_service_without_an_address_of_its_own_is_at_that_of_all() {
    let endpoints = Aws::read(given).unwrap().endpoints;
    assert_eq!(endpoints.kms().as_deref(), Some("https://kms.example"));
    assert_eq!(endpoints.dynamodb().as_deref(), Some("http://127.0.0.1:4577"));
    assert_eq!(Aws::read(|name| given(name).filter(|_| name != "AWS_ENDPOINT_URL")).unwrap().endpoints.dynamodb(), None);
}

fn making(name: &str) -> Option<String> {
    let value = match name {
        "JETON_SIGNING_MODE" => "envelope",
        "JETON_SIGNING_ALGORITHMS" => "ES256, EdDSA",
        "JETON_ROTATION_DAYS" => "90",
        "JETON_KEY_ALIAS" => "alias/jeton/signing",
        _ => return None,
    };
    Some(value.to_owned())
}

#[test]
fn how_keys_are_made_is_read_and_what_is_wrong_is_said_at_once() {
    let read = KeyMaking::read(making).unwrap();
    assert_eq!((read.mode, read.rsa_bits, read.multi_region), (SigningMode::Envelope, 2_048, false));
    let on = KeyMaking::read(|name| if name == "JETON_MULTI_REGION" { Some("on".to_owned()) } else { making(name) });
    assert!(on.unwrap().multi_region);
    assert_eq!(read.algorithms, [Algorithm::Es256, Algorithm::EdDsa]);
    assert_eq!(read.schedule.every, Seconds(90 * 86_400));
    for (name, bad) in [
        ("JETON_SIGNING_MODE", "hsm"),
        ("JETON_SIGNING_ALGORITHMS", "ES256,none"),
        ("JETON_SIGNING_ALGORITHMS", "ES256,ES256"),
        ("JETON_ROTATION_DAYS", "1"),
        ("JETON_RSA_BITS", "1024"),
        ("JETON_KEY_ALIAS", "alias/aws/dynamodb"),
        ("JETON_MULTI_REGION", "yes"),
    ] {
        let wrong = KeyMaking::read(|asked| if asked == name { Some(bad.to_owned()) } else { making(asked) });
        assert!(wrong.unwrap_err().to_string().contains(name), "{name} {bad}");
    }
}

#[test]
fn ml_dsa_is_for_the_mode_kms_only() {
    let read = |mode: &'static str| {
        KeyMaking::read(|name| match name {
            "JETON_SIGNING_MODE" => Some(mode.to_owned()),
            "JETON_SIGNING_ALGORITHMS" => Some("ES256,ML-DSA-65".to_owned()),
            _ => making(name),
        })
    };
    assert_eq!(read("kms").unwrap().algorithms, [Algorithm::Es256, Algorithm::MlDsa65]);
    let error = read("envelope").unwrap_err().to_string();
    assert!(error.contains("ML-DSA-65 in JETON_SIGNING_ALGORITHMS needs kms in JETON_SIGNING_MODE"), "{error}");
}

#[test]
fn no_credential_is_shown() {
    let aws = Aws::read(given).unwrap();
    let AwsCredentials::Keys(keys) = &aws.credentials else { panic!("{aws:?}") };
    assert!(!aws.by_subject && keys.secret_access_key.expose() == "hunter2");
    assert!(!format!("{aws:?}").contains("hunter"));
}

#[test]
fn everything_about_aws_that_is_wrong_is_said_at_once() {
    let error = Aws::read(|name| match name {
        "JETON_BY_SUBJECT" => Some("yes".to_owned()),
        "AWS_ENDPOINT_URL" => Some("127.0.0.1:4577".to_owned()),
        "AWS_REGION" => None,
        _ => given(name),
    });
    let error = error.unwrap_err().to_string();
    for part in ["AWS_REGION is not set", "JETON_BY_SUBJECT must be on or off", "AWS_ENDPOINT_URL must be an http or https URL"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn an_authorizer_asks_for_what_is_set_and_for_nothing_else() {
    assert_eq!(read_requirements(|_| None).unwrap(), Requirements::default());
    let given = |name: &str| {
        let value = match name {
            "JETON_REQUIRED_SCOPES" => " urn:a  urn:b ",
            "JETON_REQUIRED_ORG" => "acme",
            _ => "urn:api",
        };
        Some(value.to_owned())
    };
    let requirements = read_requirements(given).unwrap();
    assert_eq!(requirements.audience.unwrap().as_str(), "urn:api");
    assert_eq!(requirements.org.unwrap().as_str(), "acme");
    assert_eq!(requirements.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(), ["urn:a", "urn:b"]);
    let error = read_requirements(|_| Some("\"".to_owned())).unwrap_err().to_string();
    assert!(error.contains("JETON_REQUIRED_SCOPES"), "{error}");
}

#[test]
fn requests_are_counted_only_where_that_is_asked_for() {
    let read = |counted: &'static str, namespace: &'static str| {
        read_endpoint_metrics(move |name| match name {
            "JETON_ENDPOINT_METRICS" => Some(counted.to_owned()),
            _ => Some(namespace.to_owned()),
        })
    };
    let metrics = |namespace: &str, by_org| Some(EndpointMetrics { namespace: namespace.to_owned(), by_org });
    assert_eq!(read_endpoint_metrics(|_| None).unwrap(), None);
    assert_eq!(read("off", "Jeton/prod").unwrap(), None);
    assert_eq!(read("endpoint", "Jeton/prod").unwrap(), metrics("Jeton/prod", false));
    assert_eq!(read("org", "").unwrap(), metrics("Jeton", true));
    for (counted, namespace, rule) in [
        ("on", "Jeton", "JETON_ENDPOINT_METRICS must be off, endpoint or org"),
        ("org", "AWS/Lambda", "JETON_METRICS_NAMESPACE must be at most 255"),
        ("org", "a b", "JETON_METRICS_NAMESPACE must be at most 255"),
    ] {
        let error = read(counted, namespace).unwrap_err().to_string();
        assert!(error.contains(rule), "{error}");
    }
}

/// What is read where the environment has no keys, but this endpoint of credentials, and this beside.
fn beside(endpoint: &str, more: &[(&str, &str)]) -> Result<Aws, Misconfigured> {
    Aws::read(|name| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" => None,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI" => Some(endpoint.to_owned()),
        _ => more.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned()).or_else(|| given(name)),
    })
}

#[test]
fn credentials_are_at_an_endpoint_where_the_environment_has_none() {
    const URL: &str = "http://127.0.0.1:9001/credentials";
    let endpoint = |more: &[(&str, &str)]| match beside(URL, more).unwrap().credentials {
        AwsCredentials::Endpoint(endpoint) => endpoint,
        AwsCredentials::Keys(keys) => panic!("{keys:?}"),
    };
    assert!(endpoint(&[]).url == URL && endpoint(&[]).authorization.is_none());
    let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter4");
    let with_token = endpoint(&[token]);
    assert!(matches!(&with_token.authorization, Some(EndpointAuthorization::Token(token)) if token.expose() == "hunter4"));
    assert!(!format!("{with_token:?}").contains("hunter"));
    let file = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token");
    let from_file = endpoint(&[token, file]).authorization;
    assert!(matches!(&from_file, Some(EndpointAuthorization::File(path)) if path.as_os_str() == "/var/run/token"));

    let both = Aws::read(|name| if name == "AWS_CONTAINER_CREDENTIALS_FULL_URI" { Some(URL.to_owned()) } else { given(name) });
    assert!(matches!(both.unwrap().credentials, AwsCredentials::Keys(_)), "those in the environment come first");
}

#[test]
fn nobody_far_away_is_asked_for_credentials_without_tls() {
    for good in
        ["https://c.example/x", "http://localhost:1/", "http://[::1]:1/", "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1"]
    {
        assert!(beside(good, &[]).is_ok(), "{good}");
    }
    for bad in ["http://c.example/x", "http://169.254.169.254/", "http://10.0.0.1/", "ftp://127.0.0.1/", "/v2/credentials"] {
        let error = beside(bad, &[]).unwrap_err().to_string();
        assert!(error.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https URL"), "{bad}: {error}");
    }
}
