//! The demo handbooks: which hosts they have, and how each is told its port.

/// One host of the demo handbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandbookHost {
    /// As the program announces it.
    pub name: &'static str,
    /// The argument that sets its port.
    pub port_argument: &'static str,
    /// What the host of a whole site is called, and where `stack.env` says it is; `None` for a second host.
    pub site: Option<HandbookSite>,
}

/// A site, by its main host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandbookSite {
    pub title: &'static str,
    pub variable: &'static str,
    /// A page that shows what there is.
    pub start: &'static str,
}

const fn site(
    name: &'static str,
    port_argument: &'static str,
    title: &'static str,
    variable: &'static str,
    start: &'static str,
) -> HandbookHost {
    HandbookHost { name, port_argument, site: Some(HandbookSite { title, variable, start }) }
}

/// All hosts; the first is where the program says that it is ready.
pub const HOSTS: [HandbookHost; 6] = [
    site("northfield", "--northfield-port", "demo handbook A", "RMU_HANDBOOKS_URL", ""),
    HandbookHost { name: "northfieldRequisites", port_argument: "--requisites-port", site: None },
    site("eastmoor", "--eastmoor-port", "demo handbook B", "RMU_HANDBOOKS_EASTMOOR_URL", "/numerical.html"),
    site("westhaven", "--westhaven-port", "demo handbook C", "RMU_HANDBOOKS_WESTHAVEN_URL", "/programs-courses/"),
    site("southmere", "--southmere-port", "demo handbook D", "RMU_HANDBOOKS_SOUTHMERE_URL", "/search"),
    site("harbourview", "--harbourview-port", "demo handbook E", "RMU_HANDBOOKS_HARBOURVIEW_URL", "/feeds/xcri-1.xml"),
];

/// A port for each host, in their order.
pub type HandbookPorts = [u16; HOSTS.len()];

/// The sites with the ports of their main hosts.
pub fn sites(ports: &HandbookPorts) -> impl Iterator<Item = (HandbookSite, u16)> + '_ {
    HOSTS.iter().zip(ports).filter_map(|(host, port)| Some((host.site?, *port)))
}
