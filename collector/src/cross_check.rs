//! What other services than AWS Config say is there (SEMANTICS 2.10). A sighting vetoes absence; none proves it.

pub(crate) mod ec2;
pub(crate) mod tagging;
