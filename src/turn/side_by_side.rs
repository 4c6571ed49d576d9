//! Work that comes in many like parts, none of which waits for another: a bounded number of them is under way at a time,
//! within one future. So whoever drops that drops all of it, and time is that of the longest part and not of the sum.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::Error;

/// Does all parts, and the further parts that they come to. One that fails does not keep the others from being done.
///
/// # Errors
/// That of the first part that failed.
pub(super) async fn side_by_side<P, F>(
    parts: Vec<P>,
    mut work: impl FnMut(P) -> F,
) -> Result<(), Error>
where
    F: Future<Output = Result<Vec<P>, Error>>,
{
    let mut waiting = parts;
    let mut running = FuturesUnordered::new();
    let mut failed = Ok(());
    loop {
        let room = AT_ONCE.saturating_sub(running.len()).min(waiting.len());
        running.extend(waiting.drain(waiting.len() - room..).map(&mut work));
        match running.next().await {
            None => return failed,
            Some(Ok(further)) => waiting.extend(further),
            Some(Err(error)) if failed.is_ok() => failed = Err(error),
            Some(Err(_)) => {}
        }
    }
}

/// Parts under way at a time: what a store answers side by side without being pressed hard.
const AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[tokio::test]
    async fn all_is_done_and_never_more_than_so_much_at_a_time() {
        let (running, most) = (Cell::new(0_usize), Cell::new(0_usize));
        let done = RefCell::new(Vec::new());
        // Each part above 0 comes to one below it.
        let work = |part: u32| {
            let (running, most, done) = (&running, &most, &done);
            async move {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                for _ in 0..part % 3 + 1 {
                    tokio::task::yield_now().await;
                }
                running.set(running.get() - 1);
                done.borrow_mut().push(part);
                Ok(part.checked_sub(100).into_iter().collect())
            }
        };
        side_by_side((100..200).collect(), work).await.unwrap();
        let mut done = done.into_inner();
        done.sort_unstable();
        assert_eq!(done, (0..200).collect::<Vec<_>>());
        assert_eq!(most.get(), AT_ONCE);
    }

    #[tokio::test]
    async fn what_fails_is_told_when_all_else_is_done() {
        let done = Cell::new(0);
        let work = |part: u32| {
            let done = &done;
            async move {
                tokio::task::yield_now().await;
                if part.is_multiple_of(50) {
                    return Err(Error::Busy);
                }
                done.set(done.get() + 1);
                Ok(Vec::new())
            }
        };
        assert!(matches!(side_by_side((0..100).collect(), work).await, Err(Error::Busy)));
        assert_eq!(done.get(), 98);
        assert!(side_by_side(Vec::new(), work).await.is_ok());
    }
}
