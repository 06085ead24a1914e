//! What scenarios stand on.

mod app;
pub(crate) mod deployment;
pub(crate) mod described;
pub(crate) mod dynamodb;
pub(crate) mod function;
pub(crate) mod kms;
pub(crate) mod log;
mod mount;
pub(crate) mod queue;
pub(crate) mod receiver;
pub(crate) mod scanner;
pub(crate) mod template;
mod values;
mod watched;
mod web;

pub(crate) use app::{Answer, App, NOW, ask};
pub(crate) use mount::{Mount, decoded_twice, listen, over_http};
pub(crate) use values::{basic, encoded, hashed, over, text};
pub(crate) use watched::Watched;
pub(crate) use web::KEY_SETS;

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

/// A scenario with many tasks at the same time, on both stores: a module with a test for each. What stands behind the app's name is
/// how many rounds each store is for.
macro_rules! race {
    ($(#[$doc:meta])* async fn $name:ident($app:ident $(, $rounds:ident: $sqlite:literal or $dynamodb:literal)?) $body:block) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn race(mount: $crate::support::Mount $(, $rounds: usize)?) {
                let $app = &std::sync::Arc::new($crate::support::App::new(mount).await);
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn in_process() {
                race($crate::support::Mount::InProcess $(, $sqlite)?).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_dynamodb() {
                race($crate::support::Mount::DynamoDb $(, $dynamodb)?).await;
            }
        }
    };
}

pub(crate) use {on_every_mount, race, scenario};
