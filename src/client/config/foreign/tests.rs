use super::*;
use crate::client::config::Config;

/// The URI that the error shows.
fn shown(text: &str) -> String {
    let rule = recognise(text).unwrap_or_else(|| panic!("{text} is not recognised")).rule;
    let start = rule.find("drda://").unwrap();
    rule[start..].split([' ']).next().unwrap().trim_end_matches(';').to_owned()
}

#[test]
fn the_uri_shown_means_the_same() {
    for (text, uri) in [
        ("jdbc:db2://box:50000/SAMPLE", "drda://box:50000/SAMPLE"),
        (
            "jdbc:db2://box:50000/SAMPLE:user=ann;password=geheim;sslConnection=true;loginTimeout=5;",
            "drda://ann@box:50000/SAMPLE?tls=require&timeout=5",
        ),
        ("JDBC:DB2://[::1]:446/LOC1:securityMechanism=9;", "drda://[::1]:446/LOC1?security=encrypted"),
        (
            "jdbc:as400://box;user=ann;password=geheim;databaseName=RDB1;secure=true",
            "drda://ann@box:448/RDB1?tls=require",
        ),
        ("jdbc:as400:box/MYLIB;naming=system", "drda://box:446/DATABASE"),
        (
            "jdbc:derby://localhost:1527/lab;create=true;user=app;password=geheim",
            "drda://app@localhost:1527/lab?attributes=create=true",
        ),
        (
            "DATABASE=SAMPLE;HOSTNAME=box;PORT=50001;PROTOCOL=TCPIP;UID=ann;PWD=geheim;Security=SSL;SSLServerCertificate=/etc/ca.pem;",
            "drda://ann@box:50001/SAMPLE?tls=require&tls_ca=/etc/ca.pem",
        ),
        ("Driver={IBM i Access ODBC Driver};System=box;Uid=ann;Pwd={ge;heim};DBQ=MYLIB", "drda://ann@box:446/DATABASE"),
        (
            "DRIVER=Db2;SERVER=box;PORT=446;DATABASE=D 1;UID=a@b;QueryTimeout=3",
            "drda://a%40b@box:446/D%201?statement_timeout=3",
        ),
        ("db2+ibm_db://ann:geheim@box:50000/SAMPLE?Security=SSL", "drda://ann@box:50000/SAMPLE?tls=require"),
        ("ibmi://ann:geheim@box/RDB1", "drda://ann@box:446/RDB1"),
    ] {
        assert_eq!(shown(text), uri, "{text}");
        let mut config = Config::empty();
        assert_eq!(config.apply_uri(uri), Ok(()), "{text}");
    }
}

#[test]
fn no_part_of_a_password_is_repeated() {
    for password in
        ["geheim", "ge/heim", "ge@heim", "ge:heim", "ge;heim=geheim", "ge?heim", "ge#heim", "ge&heim", "geheim=heim"]
    {
        for text in [
            format!("jdbc:db2://box:50000/SAMPLE:user=ann;password={password};"),
            format!("jdbc:db2://box:50000/SAMPLE;user=ann;password={password}"),
            format!("jdbc:derby://box/lab;user=ann;password={password};bootPassword={password};create=true"),
            format!("jdbc:as400://box;user=ann;password={password}"),
            format!("DATABASE=S;HOSTNAME=box;UID=ann;PWD={password};"),
            format!("DATABASE=S;HOSTNAME=box;UID=ann;PWD={{{password}}}"),
            format!("db2://ann:{password}@box/S"),
            format!("db2://box:50000/S?UID=ann&PWD={password}"),
            format!("ibm_db_sa://ann:{password}@box:50000/S?x={password}"),
        ] {
            let said = recognise(&text).unwrap().to_string();
            assert!(!said.contains("heim"), "{text}: {said}");
            assert!(said.contains("password=…"), "{text}: {said}");
        }
    }
}

#[test]
fn other_text_is_not_taken_for_a_connection_string() {
    for text in ["drda://box/S", "http://h/d", "box", "", "a=b", "C:\\data", "SELECT 1", "=", ";;", "é=ü"] {
        assert!(recognise(text).is_none(), "{text}");
    }
}

#[test]
fn names_of_other_clients_lead_to_ours() {
    for (name, ours) in [
        ("uri", "connect(\"drda://"),
        ("dsn", "connect(\"drda://"),
        ("username", "called user"),
        ("UID", "called user"),
        ("user_id", "called user"),
        ("pwd", "called password"),
        ("hostname", "called host"),
        ("dbname", "called database"),
        ("connect_timeout", "called timeout"),
        ("sslmode", "tls=require"),
        ("currentSchema", "SET SCHEMA"),
    ] {
        let mut config = Config::empty();
        let e = config.set(name, "x").unwrap_err();
        assert_eq!(e.setting, name);
        assert!(e.rule.contains(ours), "{e}");
    }
}
