//! Where a consumer reads from, and opening it on a fresh channel.

use crate::{
    connection::{Connection, ConnectionError},
    envelope::short,
    topology::{EXCLUSIVE_MAX_LENGTH, Route, Service, exclusive_queue_name},
};
use lapin::{
    Channel,
    options::{BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};

#[derive(Clone)]
pub(super) enum Source {
    Durable(&'static str),
    Exclusive { service: Service, routes: Vec<Route> },
}

impl Source {
    /// For logs and metrics. Exclusive queues have random names, which would make a metric each.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Durable(queue) => (*queue).to_owned(),
            Self::Exclusive { service, routes } => {
                let exchange = routes.first().map_or("", |route| &route.exchange);
                format!("exclusive.{}.{exchange}", service.as_str())
            }
        }
    }

    /// A channel of its own and a running consumer on it.
    pub(super) async fn open(
        &self,
        connection: &Connection,
        prefetch: u16,
    ) -> Result<(Channel, lapin::Consumer), ConnectionError> {
        let channel = connection.channel().await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let queue = match self {
            Self::Durable(queue) => (*queue).to_owned(),
            Self::Exclusive { service, routes } => declare_exclusive(&channel, *service, routes).await?,
        };
        let tag = format!("{}.{}", self.label(), uuid::Uuid::new_v4());
        let consumer = channel
            .basic_consume(short(&queue), short(&tag), BasicConsumeOptions::default(), FieldTable::default())
            .await?;
        Ok((channel, consumer))
    }
}

/// A queue that ends with its consumer, bound to `routes`.
pub(crate) async fn declare_exclusive(
    channel: &Channel,
    service: Service,
    routes: &[Route],
) -> Result<String, ConnectionError> {
    let queue = exclusive_queue_name(service);
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(EXCLUSIVE_MAX_LENGTH));
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    channel.queue_declare(short(&queue), options, arguments).await?;
    for route in routes {
        channel
            .queue_bind(
                short(&queue),
                short(&route.exchange),
                short(&route.key),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
    }
    Ok(queue)
}
