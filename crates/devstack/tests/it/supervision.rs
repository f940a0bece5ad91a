//! Parts of the stack that end by themselves.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rmu_devstack::{
    database,
    packages::Tools,
    process::Process,
    record::{self, Record},
    servers::{Server, ServerOptions, Servers},
    stack::{folder::Folder, part::Launch, start::Stack, supervise},
};
use std::{path::Path, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::{Instant, sleep, timeout},
};

const LIMIT: Duration = Duration::from_secs(60);

/// Answers every request with 200, in place of a service's operations port.
async fn always_ready() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/health/ready", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.read(&mut [0; 4096]).await;
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        }
    });
    url
}

fn launch(dir: &Path, script: &str, ready_url: String) -> Launch {
    Launch {
        name: "part".to_owned(),
        program: "/bin/sh".into(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        environment: Vec::new(),
        log: dir.join("part.log"),
        ready_url,
    }
}

fn alive(folder: &Folder) -> Vec<u32> {
    let processes = record::read(&folder.processes());
    processes.into_iter().filter(record::ProcessRecord::is_alive).map(|process| process.pid).collect()
}

#[tokio::test]
async fn a_part_that_was_killed_is_started_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    let mut stack = Stack::open(root.path(), folder.clone()).unwrap();
    let launch = launch(root.path(), "exec sleep 300", always_ready().await);
    stack.parts.push(launch.start(&stack.record).await.unwrap());
    let before = alive(&folder);

    let restarted = async {
        kill(Pid::from_raw(i32::try_from(before[0]).unwrap()), Signal::SIGKILL).unwrap();
        let deadline = Instant::now() + LIMIT;
        while alive(&folder).first().is_none_or(|pid| *pid == before[0]) {
            assert!(Instant::now() < deadline, "the part was not started again");
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = supervise::watch(&mut stack) => panic!("{ended:?}"),
        () = restarted => {}
    }

    stack.stop().await.unwrap();
    assert!(alive(&folder).is_empty());
}

#[tokio::test]
async fn a_part_that_keeps_ending_stops_the_stack() {
    let root = tempfile::tempdir().unwrap();
    let mut stack = Stack::open(root.path(), Folder::open(root.path()).unwrap()).unwrap();
    let launch = launch(root.path(), "exec sleep 0.2", always_ready().await);
    stack.parts.push(launch.start(&stack.record).await.unwrap());

    let error = timeout(LIMIT, supervise::watch(&mut stack)).await.unwrap().unwrap_err();

    assert!(error.to_string().contains("part ended 5 times"), "{error:#}");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn a_part_that_cannot_start_is_an_error_with_the_tail_of_its_log() {
    let root = tempfile::tempdir().unwrap();
    let stack = Stack::open(root.path(), Folder::open(root.path()).unwrap()).unwrap();
    let launch = launch(root.path(), "echo DATABASE_URL is missing; exit 78", "http://127.0.0.1:9/".to_owned());

    let error = launch.start(&stack.record).await.unwrap_err().to_string();

    assert!(error.contains("exit status: 78") && error.contains("DATABASE_URL is missing"), "{error}");
}

fn kill_9(process: &Process) {
    kill(Pid::from_raw(i32::try_from(process.pid()).unwrap()), Signal::SIGKILL).unwrap();
}

#[tokio::test]
async fn a_server_that_was_killed_comes_back_where_it_was_with_its_data() {
    let root = tempfile::tempdir().unwrap();
    // PostgreSQL's own user must be able to reach its data.
    std::fs::set_permissions(root.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let tools = Tools::ensure().await.unwrap();
    let records = root.path().join("processes.json");
    let record = Record::create(&records).unwrap();
    let options = ServerOptions { durable: true, ..ServerOptions::throwaway(root.path()).unwrap() };
    let mut servers = Servers::start(&tools, &options, &record).await.unwrap();
    let urls = servers.test_variables();
    let write = "CREATE TABLE kept AS SELECT 42 AS answer";
    database::connect(&servers.postgres.url()).await.unwrap().batch_execute(write).await.unwrap();

    for server in [Server::Postgres, Server::Redis, Server::Rabbitmq] {
        kill_9(match server {
            Server::Postgres => servers.postgres.process(),
            Server::Redis => servers.redis.process(),
            Server::Rabbitmq => servers.rabbitmq.process(),
        });
        let (ended, message) = timeout(LIMIT, servers.first_exit()).await.unwrap();
        assert_eq!(ended, server);
        assert!(message.contains("ended unexpectedly; last lines of"), "{message}");
        // Returns only once the server answers.
        servers.start_again(server, &record).await.unwrap();
    }

    assert_eq!(servers.test_variables(), urls);
    let database = database::connect(&servers.postgres.url()).await.unwrap();
    let answer: i32 = database.query_one("SELECT answer FROM kept", &[]).await.unwrap().get(0);
    assert_eq!(answer, 42);
    servers.stop().await;
    assert_eq!(record::end_all(&records).unwrap(), 0, "nothing is left of the servers that were killed");
    rmu_devstack::commands::servers::remove(root.path()).unwrap();
}
