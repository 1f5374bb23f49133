//! Result sets of a procedure.
