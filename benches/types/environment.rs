//! The machines whose data is read: byte order, form of floats, pages.

use drdarrow::wire::codec::reader::ByteOrder;
use drdarrow::wire::value::field::{Field, Shape};
use drdarrow::wire::value::typdef::FloatForm;
use drdarrow::wire::value::types::Type;

pub(crate) struct Environment {
    pub(crate) name: &'static str,
    order: ByteOrder,
    float: FloatForm,
    /// Pages of single-byte or mixed, and of double-byte text.
    pub(crate) page: u16,
    pub(crate) graphic: u16,
}

pub(crate) const ENVIRONMENTS: [Environment; 5] = [
    Environment { name: "luw", order: ByteOrder::Little, float: FloatForm::Ieee, page: 1208, graphic: 1200 },
    Environment { name: "derby", order: ByteOrder::Big, float: FloatForm::Ieee, page: 1208, graphic: 1200 },
    Environment { name: "ibmi", order: ByteOrder::Big, float: FloatForm::Ieee, page: 37, graphic: 1200 },
    Environment { name: "ibmi-jp", order: ByteOrder::Big, float: FloatForm::Ieee, page: 1399, graphic: 300 },
    Environment { name: "zos", order: ByteOrder::Big, float: FloatForm::Hexadecimal, page: 37, graphic: 1200 },
];

impl Environment {
    /// A nullable column in the page of the environment.
    pub(crate) fn field(&self, ty: Type, shape: Shape) -> Field {
        Field { order: self.order, float: self.float, ccsid: self.page, nullable: true, ..Field::new(ty, shape) }
    }

    /// True where text is in UTF-8.
    pub(crate) fn is_utf8(&self) -> bool {
        self.page == 1208
    }
}
