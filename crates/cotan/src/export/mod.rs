//! Recorded functions in a form that can be stored, read back and drawn.
//!
//! An [`Exporter`] collects recordings of a function; what it gives, a [`Definition`] and the constants that it names, is
//! for a file format to store (`cotan-io` has one). [`Function::new`] takes both back. A definition may come from anywhere:
//! every number in it is checked, and every operation must find the shapes that the definition claims.
//!
//! ```
//! use cotan::export::{Exporter, Function};
//! use cotan::transforms::Traced;
//! use cotan::{Array, Error, ops};
//!
//! let x = Array::from_slice(&[1.0f32, -2.0], &[2])?;
//! let traced = Traced::record("export", &[x.spec()], |x| Ok::<_, Error>(vec![ops::abs(&x[0])?]))?;
//! let mut exporter = Exporter::new("the distance from zero");
//! exporter.add(1, &[], &traced)?;
//! let (definition, constants) = exporter.finish();
//!
//! let function = Function::new(definition, &constants)?;
//! assert_eq!(function.call(&[x], &[])?[0].to_vec::<f32>()?, [1.0, 2.0]);
//! # Ok::<(), cotan::Error>(())
//! ```

mod check;
mod dot;
mod function;
mod graph;
mod listing;
mod names;

pub use dot::dot;
pub use function::{Definition, Exporter, Function};
pub use listing::{ListedCall, ListedValue, Listing, Parameters};
