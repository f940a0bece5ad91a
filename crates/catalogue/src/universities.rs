//! Universities: whose units there are, and whose addresses may register.

use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Subject, SubjectKind, record_by},
    store::universities as store,
};
use rmu_domain::{ParseError, account::EmailAddress, ids::UniversityId, slug::Slug, text::parse_text};
use rmu_postgres::{AsyncPgConnection, Database};

/// No list of universities is longer.
const MOST: i64 = 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct University {
    pub id: UniversityId,
    pub slug: String,
    pub name: String,
    pub email_domains: Vec<String>,
}

/// A university to be added; valid by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUniversity {
    slug: Slug,
    name: String,
    email_domains: Vec<String>,
}

impl NewUniversity {
    pub fn parse(slug: &str, name: &str, email_domains: &[String]) -> Result<Self, CatalogueError> {
        let slug = Slug::parse(slug).map_err(|error| CatalogueError::invalid("slug", &error))?;
        let name = parse_text(name, 1, 200).map_err(|error| CatalogueError::invalid("name", &error))?;
        if email_domains.len() > 20 {
            return Err(CatalogueError::invalid("emailDomains", &ParseError::new("must be at most 20 domains")));
        }
        let mut domains = Vec::with_capacity(email_domains.len());
        for (index, domain) in email_domains.iter().enumerate() {
            // Whatever makes a valid address is a valid domain of addresses.
            let address = EmailAddress::parse(&format!("a@{domain}")).map_err(|_| {
                CatalogueError::invalid(
                    format!("emailDomains[{index}]"),
                    &ParseError::new("must be a domain such as northfield.example"),
                )
            })?;
            domains.push(address.domain().to_owned());
        }
        domains.sort();
        domains.dedup();
        Ok(Self { slug, name, email_domains: domains })
    }
}

pub async fn create_university(
    database: &Database,
    new: &NewUniversity,
    by: Option<&Actor>,
) -> Result<University, CatalogueError> {
    database
        .transaction(async |connection| {
            if store::any_with_domains(connection, &new.email_domains).await? {
                let detail = "another university has one of these e-mail domains";
                return Err(CatalogueError::conflict(ConflictKind::AlreadyExists, detail));
            }
            let id =
                store::insert(connection, &new.slug, &new.name, &new.email_domains).await.map_err(
                    |error| match error.is_unique_violation_of("universities_slug_key") {
                        true => CatalogueError::conflict(ConflictKind::AlreadyExists, "the slug is taken"),
                        false => error.into(),
                    },
                )?;
            let details = Details::default().id("university", id);
            let subject = Subject::named(SubjectKind::University, &new.slug);
            record_by(connection, by, AuditAction::UniversityCreated, subject, details).await?;
            Ok(University {
                id,
                slug: new.slug.as_str().to_owned(),
                name: new.name.clone(),
                email_domains: new.email_domains.clone(),
            })
        })
        .await
}

pub async fn list_universities(database: &Database) -> Result<Vec<University>, CatalogueError> {
    let rows = store::list(&mut *database.connection().await?, MOST).await?;
    Ok(rows.into_iter().map(university).collect())
}

pub async fn get_university(database: &Database, slug: &Slug) -> Result<University, CatalogueError> {
    let found = store::find(&mut *database.connection().await?, slug).await?;
    found.map(university).ok_or(CatalogueError::NotFound { what: "university" })
}

/// The university that the address belongs to, by one of its domains or a sub-domain of it.
pub async fn university_of_address(
    database: &Database,
    address: &EmailAddress,
) -> Result<Option<UniversityId>, CatalogueError> {
    let labels: Vec<&str> = address.domain().split('.').collect();
    let domains: Vec<String> = (0..labels.len()).map(|from| labels[from..].join(".")).collect();
    Ok(store::find_by_domains(&mut *database.connection().await?, &domains).await?)
}

fn university((id, slug, name, email_domains): store::Columns) -> University {
    University { id: id.into(), slug, name, email_domains }
}

/// The university that a parameter names, if it names one.
pub(crate) async fn university_named(
    connection: &mut AsyncPgConnection,
    slug: Option<&Slug>,
) -> Result<Option<UniversityId>, CatalogueError> {
    let Some(slug) = slug else { return Ok(None) };
    let found = store::id_of_slug(connection, slug).await?;
    let unknown = || CatalogueError::invalid("university", &ParseError::new("no such university"));
    Ok(Some(found.ok_or_else(unknown)?))
}
