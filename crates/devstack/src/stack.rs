//! The whole system on one machine: servers, services and demo handbooks, as behind `make run` and `make up`.

pub mod api;
pub mod build;
pub mod first_scrape;
pub mod folder;
pub mod handbooks;
pub mod part;
pub mod prepare;
pub mod secrets;
pub mod seed;
pub mod services;
pub mod settings;
pub mod signing_key;
pub mod start;
pub mod state;
pub mod summary;
pub mod supervise;
