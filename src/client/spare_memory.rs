//! The memory of batches between two readers of a connection.

use crate::column::batch_memory::BatchMemory;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::sleep;

/// It is kept so long after the last reader.
const KEPT: Duration = Duration::from_secs(1);

/// A reader is over: lets go of the memory that it left, unless another one uses it soon.
pub(super) fn let_go_soon(memory: &BatchMemory) {
    let Some(mut changes) = memory.watch() else { return };
    let Ok(runtime) = Handle::try_current() else {
        while let Some(meanwhile) = memory.let_go(changes) {
            changes = meanwhile;
        }
        return;
    };
    let memory = memory.clone();
    runtime.spawn(async move {
        loop {
            sleep(KEPT).await;
            match memory.let_go(changes) {
                Some(meanwhile) => changes = meanwhile,
                None => return,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::decode::decoder;
    use crate::column::options::Options;
    use crate::wire::value::cell::Cells;
    use crate::wire::value::field::{Field, Shape};
    use crate::wire::value::types::Type;
    use tokio::time::Instant;

    /// A reader of a column with many values.
    fn read(memory: &BatchMemory) -> usize {
        let options = Options { memory: memory.clone(), ..Options::default() };
        let mut decoder = decoder(&Field::new(Type::Integer, Shape::Fixed(8)), 0, &options).unwrap();
        decoder.append(&Cells { buf: &[7; 8], offsets: &[0; 10_000], lobs: &[], first_row: 1 }).unwrap();
        decoder.finish().unwrap().to_data().buffers()[0].as_ptr() as usize
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_let_go_a_second_after_the_last_reader() {
        let memory = BatchMemory::default();
        let place = read(&memory);
        let_go_soon(&memory);
        let start = Instant::now();
        for _ in 0..20 {
            sleep(KEPT / 4).await;
            assert_eq!(read(&memory), place);
            let_go_soon(&memory);
        }
        assert_eq!(start.elapsed(), 5 * KEPT);
        assert!(memory.bytes() > 0);
        sleep(3 * KEPT).await;
        assert_eq!(memory.bytes(), 0);
    }

    #[test]
    fn without_a_runtime_it_is_let_go_at_once() {
        let memory = BatchMemory::default();
        read(&memory);
        let_go_soon(&memory);
        assert_eq!(memory.bytes(), 0);
    }
}
