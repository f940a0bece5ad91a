//! A broker that is a test's own, to be killed and to lose what it has.

use crate::world::Broker;
use rmu_devstack::{
    packages::Tools,
    rabbitmq::{Rabbitmq, RabbitmqOptions},
    record::Record,
};
use rmu_messaging::topology::{Limits, Service, User, definitions};
use std::{collections::BTreeMap, path::PathBuf};
use tempfile::TempDir;

pub(crate) struct OwnBroker {
    limits: Limits,
    tools: Tools,
    folder: TempDir,
    record: Record,
    password: String,
    rabbitmq: Rabbitmq,
}

impl OwnBroker {
    pub(crate) async fn start(limits: Limits) -> Self {
        let tools = Tools::ensure().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let record = Record::create(&folder.path().join("processes.json")).unwrap();
        let password = rmu_devstack::random::hex(12).unwrap();
        let (dir, log) = places(&folder);
        let options = RabbitmqOptions { dir: &dir, log: &log, password: &password, record: &record, ports: None };
        let rabbitmq = Rabbitmq::start(&tools, &options).await.unwrap();
        let broker = Self { limits, tools, folder, record, password, rabbitmq };
        broker.define().await;
        broker
    }

    /// Everything that an operator's definitions hold.
    async fn define(&self) {
        let users = Service::ALL.map(|service| User { service, password: &self.password });
        self.rabbitmq.import_definitions(&definitions("/", self.limits, &users).unwrap()).await.unwrap();
    }

    pub(crate) fn users(&self) -> Broker {
        let url = |user: &'static str| (user, self.rabbitmq.url_of(user, &self.password));
        Broker::Own(BTreeMap::from(["gateway", "auth", "worker"].map(url)))
    }

    /// `kill -9`, then the same node with the same data.
    pub(crate) async fn crash_and_restart(&mut self) {
        self.rabbitmq.kill().await;
        self.start_again().await;
    }

    /// `kill -9`, then a node that has never heard of anything, at the same place.
    pub(crate) async fn lose_everything(&mut self) {
        self.rabbitmq.kill().await;
        std::fs::remove_dir_all(places(&self.folder).0).unwrap();
        self.start_again().await;
        self.define().await;
    }

    async fn start_again(&mut self) {
        let (dir, log) = places(&self.folder);
        let ports = Some(self.rabbitmq.ports());
        let options = RabbitmqOptions { dir: &dir, log: &log, password: &self.password, record: &self.record, ports };
        self.rabbitmq = Rabbitmq::start(&self.tools, &options).await.unwrap();
    }
}

fn places(folder: &TempDir) -> (PathBuf, PathBuf) {
    (folder.path().join("rabbitmq"), folder.path().join("rabbitmq.log"))
}
