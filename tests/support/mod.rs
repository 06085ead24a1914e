//! What scenarios stand on.

mod app;
pub(crate) mod deployment;
pub(crate) mod described;
mod dynamodb;
pub(crate) mod function;
pub(crate) mod kms;
pub(crate) mod log;
mod mount;
pub(crate) mod queue;
pub(crate) mod template;
mod watched;

pub(crate) use app::{Answer, App, NOW, ask};
pub(crate) use mount::Mount;
pub(crate) use watched::Watched;

/// A scenario that runs on every mount: a module with a test for each.
macro_rules! scenario {
    ($(#[$doc:meta])* async fn $name:ident($app:ident) $body:block) => {
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every scenario uses all that its file imports")]
            use super::*;

            async fn scenario($app: &$crate::support::App) $body

            $crate::support::on_every_mount!(scenario: in_process InProcess, on_dynamodb DynamoDb, http_api_v2 HttpApi, rest_api_v1 RestApi, function_url FunctionUrl, alb Alb, http Http);
        }
    };
}

macro_rules! on_every_mount {
    ($scenario:ident: $($test:ident $mount:ident),+) => {
        $(
            #[tokio::test]
            async fn $test() {
                $scenario(&$crate::support::App::new($crate::support::Mount::$mount).await).await;
            }
        )+
    };
}

pub(crate) use {on_every_mount, scenario};
