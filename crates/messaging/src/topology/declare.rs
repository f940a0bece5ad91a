//! Declaring a service's part of the topology on a live broker.

use super::{Argument, EXCHANGES, ExchangeKind, Limits, Queue, Service, queues};
use lapin::{
    ErrorKind, ExchangeKind as AmqpExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};

const PRECONDITION_FAILED: u16 = 406;

/// Declares what `service` owns, or everything. Repeating it changes nothing.
pub(crate) async fn declare(
    connection: &lapin::Connection,
    service: Option<Service>,
    limits: Limits,
) -> Result<(), lapin::Error> {
    let mut channel = connection.create_channel().await?;
    let mine = |owner: Service| service.is_none_or(|service| service == owner);

    for exchange in EXCHANGES.iter().filter(|exchange| mine(exchange.owner)) {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let kind = match exchange.kind {
            ExchangeKind::Topic => AmqpExchangeKind::Topic,
            ExchangeKind::Fanout => AmqpExchangeKind::Fanout,
            ExchangeKind::Direct => AmqpExchangeKind::Direct,
        };
        channel.exchange_declare(exchange.name.into(), kind, options, FieldTable::default()).await?;
    }
    for queue in queues(limits).iter().filter(|queue| mine(queue.owner)) {
        if let Err(error) = declare_queue(&channel, queue).await {
            if !is_precondition_failed(&error) {
                return Err(error);
            }
            // It exists with other arguments, most likely an earlier MAX_QUEUE_SIZE. Arguments of a queue
            // cannot be changed and a queue with messages must not be deleted, so it is used as it is.
            tracing::warn!(queue = queue.name, %error, "queue exists with other arguments and is used as it is");
            channel = connection.create_channel().await?;
        }
        for (exchange, key) in &queue.bindings {
            channel
                .queue_bind(
                    queue.name.into(),
                    (*exchange).into(),
                    (*key).into(),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await?;
        }
    }
    channel.close(200, "declared".into()).await
}

async fn declare_queue(channel: &lapin::Channel, queue: &Queue) -> Result<(), lapin::Error> {
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.name.into(), options, field_table(&queue.arguments)).await.map(drop)
}

pub(crate) fn field_table(arguments: &[(&'static str, Argument)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        let value = match value {
            Argument::Text(text) => AMQPValue::LongString((*text).into()),
            Argument::Number(number) => AMQPValue::LongLongInt(*number),
        };
        table.insert((*name).into(), value);
    }
    table
}

fn is_precondition_failed(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == PRECONDITION_FAILED)
}
