//! A handbook of a kind that no demo site is of: CourseLeaf, with a sitemap, under an address of its own.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub(crate) struct OwnSite {
    pub(crate) origin: String,
    serving: JoinHandle<()>,
}

/// A unit as the site has it.
pub(crate) struct Course {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) points: &'static str,
    pub(crate) school: Option<&'static str>,
    pub(crate) prerequisite: Option<&'static str>,
}

pub(crate) const COURSES: [Course; 4] = [
    Course {
        code: "COMP 1005",
        title: "Programming Fundamentals",
        points: "10",
        school: Some("Computer, Data & Mathematical Sciences"),
        prerequisite: None,
    },
    Course {
        code: "COMP 2014",
        title: "Object Oriented Analysis",
        points: "10",
        school: None,
        prerequisite: Some("COMP 1005"),
    },
    Course {
        code: "NATS 3031",
        title: "Zoology < Botany",
        points: "20",
        school: Some("Science"),
        prerequisite: Some("COMP 1005 OR COMP 2014"),
    },
    // A real zero, which is not the same as nothing.
    Course { code: "WORK 1001", title: "A Placement", points: "0", school: Some("Science"), prerequisite: None },
];

impl Course {
    pub(crate) fn path(&self) -> String {
        format!("/subject-details/{}/", self.code.replace(' ', "").to_lowercase())
    }

    fn page(&self) -> String {
        let Self { code, points, .. } = self;
        let title = self.title.replace('<', "&lt;");
        let labelled = |class: &str, value: Option<&str>| {
            let value = value.map(|value| value.replace('&', "&amp;"));
            value.map(|value| format!("<p class=\"text detail-{class}\"><span class=\"value\">{value}</span></p>"))
        };
        let school = labelled("school", self.school).unwrap_or_default();
        let prerequisite = labelled("prereq", self.prerequisite).unwrap_or_default();
        page(&format!(
            "<div id=\"edition\">2026 Edition</div><div class=\"courseblock\"><h2><span class=\"text detail-code\">{code}</span> \
             <span class=\"text detail-title\">{title}</span></h2><p class=\"detail-weight\">Weight: {points} points</p>\
             <div class=\"noindent\"><p class=\"text detail-description\">What {title} is about.</p>{school}{prerequisite}</div></div>"
        ))
    }
}

fn page(body: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>Handbook</title><link rel=\"icon\" href=\"data:,\"></head>\
         <body>{body}<footer>Handbook</footer></body></html>"
    )
}

impl OwnSite {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let base = origin.clone();
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(client, base.clone()));
            }
        });
        Self { origin, serving }
    }
}

impl Drop for OwnSite {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut client: TcpStream, origin: String) {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match client.read(&mut part).await {
            Ok(count) if count > 0 => head.extend_from_slice(&part[..count]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (kind, body) = match COURSES.iter().find(|course| course.path() == path) {
        Some(course) => ("text/html", course.page()),
        None if path == "/robots.txt" => ("text/plain", "User-agent: *\nDisallow: /private/\n".to_owned()),
        None if path == "/sitemap.xml" => ("application/xml", sitemap(&origin)),
        // With status 200, as handbooks do.
        None => ("text/html", page("<h1>Page Not Found</h1>")),
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever has gone away does not want it.
    let _ = client.write_all(head.as_bytes()).await;
    let _ = client.write_all(body.as_bytes()).await;
}

/// All courses, one that is gone, and a page that is no course.
fn sitemap(origin: &str) -> String {
    let paths = COURSES.iter().map(Course::path).chain(["/subject-details/gone1000/".to_owned(), "/about/".to_owned()]);
    let urls: String = paths.map(|path| format!("<url><loc>{origin}{path}</loc></url>")).collect();
    format!("<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{urls}</urlset>")
}
