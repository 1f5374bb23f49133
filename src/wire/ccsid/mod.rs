//! A CCSID to and from text.
