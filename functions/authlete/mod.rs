//! The Authlete API: contract `authlete`, section 3.

pub mod create_token_batch;
pub mod get_token_batch;
pub mod work_on_batch;
