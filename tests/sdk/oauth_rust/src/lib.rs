//! The programs of docs/, word by word.

pub mod get_token;
pub mod status;
pub mod verify;
