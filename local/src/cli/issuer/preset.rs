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
    },
    /// GitLab CI, by `id_tokens` of a job
    Gitlab {
        /// URL of the instance
        #[arg(long, default_value = "https://gitlab.com")]
        url: String,
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
    },
    /// A project of `CircleCI`
    Circleci {
        /// Id of the organization
        #[arg(long)]
        org_id: String,
        /// Id of the project
        #[arg(long)]
        project_id: String,
    },
    /// A workspace of HCP Terraform
    Terraform {
        /// Id of the workspace
        #[arg(long)]
        workspace_id: String,
        /// Phase of the run
        #[arg(long, default_value = "apply")]
        phase: String,
    },
}

impl Platform {
    /// What to set: an entry of `assertion_issuers` of the org, and one of `federated` of the client.
    pub(super) fn settings(&self) -> Value {
        let (issuer, identity) = match self {
            Self::Github { owner_id, repository_id, environment } => {
                let mut claims = Map::from_iter([("repository_id".to_owned(), json!(repository_id))]);
                claims.extend(environment.as_ref().map(|name| ("environment".to_owned(), json!(name))));
                let events = json!(["push", "release", "schedule", "workflow_dispatch"]);
                claims.insert("event_name".to_owned(), events);
                let name = "https://token.actions.githubusercontent.com";
                let of_owner = json!({"repository_owner_id": owner_id});
                let issuer =
                    json!({"issuer": name, "discovery": true, "longest_life": 21_600, "longest_age": 600, "claims": of_owner});
                (issuer, json!({"issuer": name, "subject": "repo:*", "claims": claims}))
            }
            Self::Gitlab { url, project_id } => (
                json!({"issuer": url, "discovery": true, "longest_life": 3_600}),
                json!({"issuer": url, "subject": "project_path:*", "claims": {"project_id": project_id, "ref_protected": "true"}}),
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
            Self::Google { id } => {
                let name = "https://accounts.google.com";
                let issuer = json!({"issuer": name, "discovery": true, "longest_life": 3_600, "reusable": true});
                (issuer, json!({"issuer": name, "subject": id}))
            }
            Self::Entra { tenant, object_id, audience } => {
                let name = format!("https://login.microsoftonline.com/{tenant}/v2.0");
                let issuer = json!({
                    "issuer": name, "discovery": true, "longest_life": 86_400, "reusable": true, "audiences": [audience],
                });
                (issuer, json!({"issuer": name, "subject": object_id, "claims": {"tid": tenant}}))
            }
            Self::Circleci { org_id, project_id } => {
                let name = format!("https://oidc.circleci.com/org/{org_id}");
                let claims = json!({"oidc.circleci.com/project-id": project_id, "oidc.circleci.com/ssh-rerun": false});
                let issuer = json!({"issuer": name, "discovery": true, "longest_life": 3_600, "reusable": true});
                (issuer, json!({"issuer": name, "subject": format!("org/{org_id}/project/{project_id}/*"), "claims": claims}))
            }
            Self::Terraform { workspace_id, phase } => {
                let name = "https://app.terraform.io";
                let claims = json!({"terraform_workspace_id": workspace_id, "terraform_run_phase": phase});
                let issuer = json!({"issuer": name, "discovery": true, "longest_life": 86_400, "reusable": true});
                (issuer, json!({"issuer": name, "subject": "organization:*", "claims": claims}))
            }
        };
        json!({"assertion_issuers": [issuer], "federated": [identity]})
    }
}
