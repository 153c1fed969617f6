//! Reads what there is: AWS accounts and the source register.
