//! What a login agreed on, for flows that run without one.

use drdarrow::flow::secmec::mechanism::Mechanism;
use drdarrow::flow::sql::session::Session;
use drdarrow::wire::ddm::rdbname::RdbName;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::value::product::Product;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;

/// A session with a server of this product, whose bytes are laid out as ours.
pub fn session(product: Product) -> Arc<Session> {
    Arc::new(Session {
        product,
        prdid: String::new(),
        class: String::new(),
        system: String::new(),
        job: String::new(),
        release: String::new(),
        sqlam: 7,
        text: DdmText::Utf8,
        ours: TypDef::OURS,
        theirs: TypDef::OURS,
        rdbnam: RdbName::new("LAB"),
        security: Mechanism::UserOnly,
        servers: Vec::new(),
        interrupt: None,
        two_phase: false,
        branch: drdarrow::flow::sql::session::BranchMark::default(),
    })
}
