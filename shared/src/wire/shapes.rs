//! What some answers look like that aren't written from a type.

use std::marker::PhantomData;

/// What was asked for, as far as it was understood: the members of a request in an answer.
#[derive(Debug)]
pub struct Echo<T>(PhantomData<T>);

/// A JWK Set of public keys: RFC 7517 section 5.
#[derive(Debug)]
pub struct JwkSet;
