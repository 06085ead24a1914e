//! What to set of an org and a client for each platform. Names can be taken over when they are freed, so ids lead.

use clap::Subcommand;
use serde_json::{Map, Value, json};

/// A platform, with what tells one workload of it from all others.
#[derive(Debug, Subcommand)]
pub(crate) enum Platform {
    /// A repository's jobs in GitHub Actions
    Github {
        /// Id of the owner: `repository_owner_id`
        #[arg(long)]
        owner_id: String,
        /// Id of the repository: `repository_id`
        #[arg(long)]
        repository_id: String,
        /// Environment of the job
        #[arg(long)]
        environment: Option<String>,
        /// Issuer, if it is an enterprise's own
        #[arg(long, default_value = "https://token.actions.githubusercontent.com")]
        issuer: String,
    },
    /// GitLab CI, by `id_tokens` of a job
    Gitlab {
        /// Issuer, if it is an instance of your own
        #[arg(long, default_value = "https://gitlab.com")]
        issuer: String,
        /// Id of the project: `project_id`
        #[arg(long)]
        project_id: String,
    },
    /// A service account of Kubernetes: EKS, AKS, GKE and others
    Kubernetes {
        /// Issuer of the cluster
        #[arg(long)]
        issuer: String,
        /// Namespace of the service account
        #[arg(long)]
        namespace: String,
        /// Name of the service account
        #[arg(long)]
        service_account: String,
    },
    /// A role of AWS, by `sts:GetWebIdentityToken`
    Aws {
        /// Issuer of the account: https://….tokens.sts.global.api.aws
        #[arg(long)]
        issuer: String,
        /// ARN of the role
        #[arg(long)]
        role: String,
    },
    /// Workloads of a SPIFFE trust domain, by their JWT-SVIDs
    Spiffe {
        /// Name of the trust domain
        #[arg(long)]
        trust_domain: String,
        /// URL of its bundle endpoint
        #[arg(long)]
        bundle: String,
        /// Path of the SPIFFE ID; with /* at its end all below
        #[arg(long)]
        path: String,
    },
    /// A service account of Google
    Google {
        /// Unique id of the service account
        #[arg(long)]
        id: String,
        /// Issuer, to try it with one of your own
        #[arg(long, default_value = "https://accounts.google.com")]
        issuer: String,
    },
    /// A managed identity of Entra
    Entra {
        /// Id of the tenant
        #[arg(long)]
        tenant: String,
        /// Object id of the identity
        #[arg(long)]
        object_id: String,
        /// Application ID URI that the identity asks for
        #[arg(long)]
        audience: String,
        /// Issuer, if it is a national cloud's. Default: <https://login.microsoftonline.com/TENANT/v2.0>
        #[arg(long)]
        issuer: Option<String>,
    },
    /// A project of `CircleCI`
    Circleci {
        /// Id of the organization
        #[arg(long)]
        org_id: String,
        /// Id of the project
        #[arg(long)]
        project_id: String,
        /// Issuer, if it is an installation of your own. Default: <https://oidc.circleci.com/org/ORG>
        #[arg(long)]
        issuer: Option<String>,
    },
    /// A workspace of HCP Terraform
    Terraform {
        /// Id of the workspace
        #[arg(long)]
        workspace_id: String,
        /// Phase of the run
        #[arg(long, default_value = "apply")]
        phase: String,
        /// Issuer, if it is a Terraform Enterprise of your own
        #[arg(long, default_value = "https://app.terraform.io")]
        issuer: String,
    },
}

impl Platform {
    /// What to set: an entry of `assertion_issuers` of the org, and one of `federated` of the client.
    pub(super) fn settings(&self) -> Value {
        let (issuer, identity) = match self {
            Self::Github { owner_id, repository_id, environment, issuer: name } => {
                let mut claims = Map::from_iter([("repository_id".to_owned(), json!(repository_id))]);
                claims.extend(environment.as_ref().map(|name| ("environment".to_owned(), json!(name))));
                let events = json!(["push", "release", "schedule", "workflow_dispatch"]);
                claims.insert("event_name".to_owned(), events);
                let of_owner = json!({"repository_owner_id": owner_id});
                let issuer =
                    json!({"issuer": name, "discovery": true, "longest_life": 21_600, "longest_age": 600, "claims": of_owner});
                (issuer, json!({"issuer": name, "subject": "repo:*", "claims": claims}))
            }
            Self::Gitlab { project_id, issuer } => (
                json!({"issuer": issuer, "discovery": true, "longest_life": 3_600}),
                json!({"issuer": issuer, "subject": "project_path:*", "claims": {"project_id": project_id, "ref_protected": "true"}}),
            ),
            Self::Kubernetes { issuer, namespace, service_account } => (
                json!({"issuer": issuer, "discovery": true, "longest_life": 3_600, "reusable": true}),
                json!({"issuer": issuer, "subject": format!("system:serviceaccount:{namespace}:{service_account}")}),
            ),
            Self::Aws { issuer, role } => {
                (json!({"issuer": issuer, "discovery": true, "longest_life": 3_600}), json!({"issuer": issuer, "subject": role}))
            }
            Self::Spiffe { trust_domain, bundle, path } => {
                let name = format!("spiffe://{trust_domain}");
                let subject = format!("{name}/{}", path.trim_start_matches('/'));
                (json!({"issuer": name, "jwks_uri": bundle, "reusable": true}), json!({"issuer": name, "subject": subject}))
            }
            Self::Google { id, issuer: name } => {
                let issuer = json!({"issuer": name, "discovery": true, "longest_life": 3_600, "reusable": true});
                (issuer, json!({"issuer": name, "subject": id}))
            }
            Self::Entra { tenant, object_id, audience, issuer } => {
                let of_tenant = || format!("https://login.microsoftonline.com/{tenant}/v2.0");
                let name = issuer.clone().unwrap_or_else(of_tenant);
                let issuer = json!({
                    "issuer": name, "discovery": true, "longest_life": 86_400, "reusable": true, "audiences": [audience],
                });
                (issuer, json!({"issuer": name, "subject": object_id, "claims": {"tid": tenant}}))
            }
            Self::Circleci { org_id, project_id, issuer } => {
                let name = issuer.clone().unwrap_or_else(|| format!("https://oidc.circleci.com/org/{org_id}"));
                let claims = json!({"oidc.circleci.com/project-id": project_id, "oidc.circleci.com/ssh-rerun": false});
                let issuer = json!({"issuer": name, "discovery": true, "longest_life": 3_600, "reusable": true});
                (issuer, json!({"issuer": name, "subject": format!("org/{org_id}/project/{project_id}/*"), "claims": claims}))
            }
            Self::Terraform { workspace_id, phase, issuer: name } => {
                let claims = json!({"terraform_workspace_id": workspace_id, "terraform_run_phase": phase});
                let issuer = json!({"issuer": name, "discovery": true, "longest_life": 86_400, "reusable": true});
                (issuer, json!({"issuer": name, "subject": "organization:*", "claims": claims}))
            }
        };
        json!({"assertion_issuers": [issuer], "federated": [identity]})
    }
}
