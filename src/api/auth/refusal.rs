//! Why a request is not let in: the exceptions and messages of AWS's front door.
//!
//! Services that speak AWS JSON answer all of these with status 400; only those of REST protocols answer 403.

/// Why a request is not accepted; its text is AWS's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not signed at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// Its `Authorization` header, or the date that belongs to it, cannot be understood.
    #[error("{0}")]
    Incomplete(String),
    /// It is signed for another time or purpose, or too little of it is signed.
    #[error("{0}")]
    Invalid(String),
    /// The signature does not hold: another secret, or another request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details."
    )]
    Mismatch,
    /// There is no such access key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The access keys cannot be read.
    #[error("the access keys cannot be read: {0}")]
    Unavailable(String),
}

impl Refusal {
    /// AWS's name of the exception.
    pub fn kind(&self) -> &'static str {
        match self {
            Refusal::Missing => "MissingAuthenticationTokenException",
            Refusal::Incomplete(_) => "IncompleteSignatureException",
            Refusal::Invalid(_) | Refusal::Mismatch => "InvalidSignatureException",
            Refusal::UnknownKey => "UnrecognizedClientException",
            Refusal::Unavailable(_) => "ServiceUnavailable",
        }
    }
}
