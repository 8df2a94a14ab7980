//! How many threads the kernels use, and the one loop that hands out work.
//!
//! Floating-point work is cut by the data, never by the number of threads; only integer sums, minima and maxima,
//! which are the same for any cut, get one part per thread. So every result has the same bits for any setting.
//! There is no pool: threads live for one call, which keeps the kernels safe after `fork`.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Builder};

/// A thread is worth its start, and the tables of its own, from this many elements on.
const ELEMENTS_PER_THREAD: usize = 1 << 16;

/// The longest part, so that the counters of a part fit in 32 bits.
const LONGEST_PART: usize = 1 << 31;

/// 0 stands for one thread per available core.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

static AVAILABLE: OnceLock<usize> = OnceLock::new();

/// Sets how many threads the kernels may use; `None` is one per available core, the default.
///
/// ```
/// use std::num::NonZeroUsize;
/// lossary_core::threads::set_num_threads(NonZeroUsize::new(2));
/// assert_eq!(lossary_core::threads::num_threads(), 2);
/// lossary_core::threads::set_num_threads(None);
/// ```
pub fn set_num_threads(limit: Option<NonZeroUsize>) {
    LIMIT.store(limit.map_or(0, NonZeroUsize::get), Ordering::Relaxed);
}

/// How many threads the kernels may use.
pub fn num_threads() -> usize {
    match LIMIT.load(Ordering::Relaxed) {
        // Asking the system reads files: once is enough.
        0 => *AVAILABLE.get_or_init(|| thread::available_parallelism().map_or(1, NonZeroUsize::get)),
        limit => limit,
    }
}

/// Threads for a job over this many elements.
pub(crate) fn threads_for(elements: usize) -> usize {
    match elements / ELEMENTS_PER_THREAD {
        0 | 1 => 1,
        most => num_threads().min(most),
    }
}

/// Cuts `0..elements` into one range per thread. Only for results that do not depend on the cut: sums
/// of integers, minima and maxima.
pub(crate) fn parts(elements: usize, threads: usize) -> Vec<Range<usize>> {
    let length = elements.div_ceil(threads.max(1)).clamp(1, LONGEST_PART);
    (0..elements).step_by(length).map(|start| start..elements.min(start + length)).collect()
}

/// Applies `work` to every job, on up to `threads` threads; results come in the order of the jobs.
pub(crate) fn map<J: Send, R: Send>(jobs: Vec<J>, threads: usize, work: impl Fn(J) -> R + Sync) -> Vec<R> {
    map_with(jobs, threads, || (), |(), job| work(job))
}

/// [`map`] of a known number of jobs.
pub(crate) fn map_array<J: Send, R: Default + Send, const N: usize>(
    jobs: [J; N],
    threads: usize,
    work: impl Fn(J) -> R + Sync,
) -> [R; N] {
    let mut results = std::array::from_fn(|_| R::default());
    let jobs = results.iter_mut().zip(jobs).collect();
    map(jobs, threads, |(result, job): (&mut R, J)| *result = work(job));
    results
}

/// [`map`] where the jobs of a thread share what `scratch` makes, one after the other.
pub(crate) fn map_with<S, J: Send, R: Send>(
    jobs: Vec<J>,
    threads: usize,
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, J) -> R + Sync,
) -> Vec<R> {
    let mut results: Vec<Option<R>> = jobs.iter().map(|_| None).collect();
    let helpers = threads.min(jobs.len()).saturating_sub(1);
    let queue = Mutex::new(jobs.into_iter().zip(&mut results));
    side_by_side(helpers, &|| {
        let mut scratch = scratch();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((job, result)) = next else { return };
            *result = Some(work(&mut scratch, job));
        }
    });
    drop(queue);
    results.into_iter().flatten().collect()
}

/// Runs the same work on this thread and on so many helpers. Not generic: what starts and joins threads is long, and
/// would be compiled again for each kind of job.
fn side_by_side(helpers: usize, work: &(dyn Fn() + Sync)) {
    if helpers == 0 {
        return work();
    }
    thread::scope(|scope| {
        // A thread that the system refuses is no failure: the others take its work.
        let running: Vec<_> =
            (0..helpers).map_while(|_| Builder::new().spawn_scoped(scope, work).ok()).collect();
        work();
        for helper in running {
            if let Err(panic) = helper.join() {
                resume_unwind(panic);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_keeps_the_order_of_the_jobs() {
        for threads in 1..5 {
            let squares = map((0..100).collect(), threads, |job: u32| job * job);
            assert_eq!(squares, (0..100).map(|job| job * job).collect::<Vec<_>>());
        }
    }

    #[test]
    fn parts_cover_the_range_once() {
        for elements in [0, 1, 2, 7, 100] {
            for threads in 1..9 {
                let covered: Vec<usize> = parts(elements, threads).into_iter().flatten().collect();
                assert_eq!(covered, (0..elements).collect::<Vec<_>>());
            }
        }
    }
}
