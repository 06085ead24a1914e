//! Reading key sets over HTTPS.
