//! The words both universities are written with, so that a word of a title finds units of both.

pub(crate) mod faculties;
pub(crate) mod people;
pub(crate) mod phrases;
