//! All unsafe code of the crate: large pages, and code compiled for processors with AVX2 or AVX-512.
//!
//! Safe Rust can say neither. Every function here is safe to call; its comment says why it is sound.

#![allow(unsafe_code)]

/// A computation that is worth compiling for wider registers.
pub(crate) trait Work {
    type Output;

    /// Must be `#[inline(always)]`, with all that it calls in its hot loops.
    fn run(self) -> Self::Output;
}

/// Runs the work, compiled for AVX2 where the processor has it. The result is the same.
#[inline]
pub(crate) fn widest<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature.
        return unsafe { avx2::run(work) };
    }
    work.run()
}

/// A computation that is worth wider registers, and instructions that multiply and add with one rounding.
pub(crate) trait FusedWork {
    type Output;

    /// Must be `#[inline(always)]`, with all that it calls in its hot loops; `FUSED` is whether `mul_add` is one
    /// instruction.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs the work, compiled for the widest registers of the processor. The last digits of the result depend on
/// whether it has fused instructions.
#[inline]
pub(crate) fn widest_fused<W: FusedWork>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("fma") {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has the features.
            return unsafe { run_fused_avx512(work) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the features.
            return unsafe { run_fused_avx2(work) };
        }
    }
    run_fused(work)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
fn run_fused_avx512<W: FusedWork>(work: W) -> W::Output {
    work.run::<true>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_fused_avx2<W: FusedWork>(work: W) -> W::Output {
    work.run::<true>()
}

/// For every processor of the target.
fn run_fused<W: FusedWork>(work: W) -> W::Output {
    #[cfg(any(target_arch = "aarch64", target_feature = "fma"))]
    return work.run::<true>();
    #[cfg(not(any(target_arch = "aarch64", target_feature = "fma")))]
    work.run::<false>()
}

/// Zeros, backed by large pages where there are many.
pub(crate) fn zeros<T: Default + Clone>(count: usize) -> Vec<T> {
    let mut zeros = vec![T::default(); count];
    prefer_large_pages(&mut zeros);
    zeros
}

/// An empty vector with room for so many, backed by large pages where it is large.
pub(crate) fn room<T>(count: usize) -> Vec<T> {
    let mut room = Vec::with_capacity(count);
    prefer_large_pages(room.spare_capacity_mut());
    room
}

/// Asks the system to back the memory of a large vector, not yet written, by large pages: with small ones, the
/// first write to each costs more than a sort of what is in it. A system that refuses changes nothing.
pub(crate) fn prefer_large_pages<T>(memory: &mut [T]) {
    #[cfg(target_os = "linux")]
    {
        /// Below, there is nothing to gain.
        const WORTHWHILE: usize = 1 << 21;
        const PAGE: usize = 1 << 12;
        const MADV_HUGEPAGE: i32 = 14;
        unsafe extern "C" {
            fn madvise(address: *mut std::ffi::c_void, length: usize, advice: i32) -> i32;
        }
        let size = size_of_val(memory);
        if size >= WORTHWHILE {
            let start = memory.as_mut_ptr().cast::<u8>();
            let skip = start.align_offset(PAGE);
            if let Some(length) = size.checked_sub(skip) {
                // SAFETY: the advice changes no contents; the range lies within memory that is borrowed for us.
                unsafe { madvise(start.wrapping_add(skip).cast(), length / PAGE * PAGE, MADV_HUGEPAGE) };
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2 {
    //! Columns sorted and counted in registers: the compiler keeps those of the portable loops in memory.

    use super::Work;
    use crate::network::{Columns, DEPTH, for_each_pair};
    use std::arch::x86_64::{
        _mm256_add_epi32, _mm256_add_epi64, _mm256_and_si256, _mm256_andnot_si256, _mm256_blendv_epi8,
        _mm256_cmpeq_epi32, _mm256_cmpeq_epi64, _mm256_cmpgt_epi64, _mm256_loadu_si256, _mm256_max_epu32,
        _mm256_min_epu32, _mm256_or_si256, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setzero_si256,
        _mm256_storeu_si256,
    };

    #[target_feature(enable = "avx2")]
    pub(super) fn run<W: Work>(work: W) -> W::Output {
        work.run()
    }

    macro_rules! exchange_u32 {
        ($rows:ident, $upper:literal, $lower:literal) => {
            let (a, b) = ($rows[$upper], $rows[$lower]);
            $rows[$upper] = _mm256_min_epu32(a, b);
            $rows[$lower] = _mm256_max_epu32(a, b);
        };
    }

    macro_rules! exchange_u64 {
        ($rows:ident, $upper:literal, $lower:literal) => {
            let (a, b) = ($rows[$upper], $rows[$lower]);
            let falls = _mm256_cmpgt_epi64(a, b);
            $rows[$upper] = _mm256_blendv_epi8(a, b, falls);
            $rows[$lower] = _mm256_blendv_epi8(b, a, falls);
        };
    }

    // No closures below: library code that calls them is not compiled for AVX2, so neither would they be.

    /// As many columns as fit a register, from `$first` on, in ascending order.
    macro_rules! load_sorted {
        ($rows:ident, $first:literal, $exchange:ident) => {{
            let mut sorted = [_mm256_setzero_si256(); DEPTH];
            for (register, row) in sorted.iter_mut().zip($rows.iter()) {
                let (_, places) = row.split_at($first);
                // SAFETY: every `$first` leaves 32 bytes.
                *register = unsafe { _mm256_loadu_si256(places.as_ptr().cast()) };
            }
            for_each_pair!($exchange, sorted);
            sorted
        }};
    }

    macro_rules! impl_columns {
        ($key:ty, [$($first:literal)*], $exchange:ident, $one:expr, $add:ident, $equal:ident,
         $sort:ident, $count:ident) => {
            #[target_feature(enable = "avx2")]
            fn $sort(rows: &mut Columns<$key>) {
                $(
                    let sorted = load_sorted!(rows, $first, $exchange);
                    for (row, register) in rows.iter_mut().zip(sorted) {
                        let (_, places) = row.split_at_mut($first);
                        // SAFETY: every `$first` leaves 32 bytes.
                        unsafe { _mm256_storeu_si256(places.as_mut_ptr().cast(), register) };
                    }
                )*
            }

            /// The loop of [`Column::count_columns`](crate::network::Column::count_columns), in registers.
            #[target_feature(enable = "avx2")]
            fn $count(rows: &Columns<$key>) -> u64 {
                let (zero, one) = (_mm256_setzero_si256(), $one);
                let mut total = zero;
                $(
                    let (mut twice_negatives, mut below, mut previous) = (zero, zero, zero);
                    for entry in load_sorted!(rows, $first, $exchange) {
                        let negative = _mm256_andnot_si256(entry, one);
                        let key = _mm256_or_si256(entry, one);
                        below = _mm256_blendv_epi8(twice_negatives, below, $equal(key, previous));
                        below = $add(below, negative);
                        twice_negatives = $add(twice_negatives, $add(negative, negative));
                        total = $add(total, _mm256_and_si256(below, $equal(negative, zero)));
                        previous = key;
                    }
                )*
                let mut totals = [0 as $key; 32 / size_of::<$key>()];
                // SAFETY: these are 32 bytes.
                unsafe { _mm256_storeu_si256(totals.as_mut_ptr().cast(), total) };
                let mut sum = 0;
                for total in totals {
                    sum += u64::from(total);
                }
                sum
            }
        };
    }

    impl_columns!(
        u32,
        [0],
        exchange_u32,
        _mm256_set1_epi32(1),
        _mm256_add_epi32,
        _mm256_cmpeq_epi32,
        sort_u32,
        count_u32
    );
    impl_columns!(
        u64, [0 4], exchange_u64, _mm256_set1_epi64x(1), _mm256_add_epi64, _mm256_cmpeq_epi64, sort_u64,
        count_u64
    );

    macro_rules! impl_try {
        ($key:ty, $try_sort:ident, $sort:ident, $try_count:ident, $count:ident) => {
            /// False where the processor lacks the instructions.
            #[inline(always)]
            pub(crate) fn $try_sort(rows: &mut Columns<$key>) -> bool {
                let available = std::arch::is_x86_feature_detected!("avx2");
                if available {
                    // SAFETY: the processor has the feature.
                    unsafe { $sort(rows) };
                }
                available
            }

            /// None where the processor lacks the instructions.
            #[inline(always)]
            pub(crate) fn $try_count(rows: &Columns<$key>) -> Option<u64> {
                // SAFETY: the processor has the feature.
                std::arch::is_x86_feature_detected!("avx2").then(|| unsafe { $count(rows) })
            }
        };
    }

    impl_try!(u32, try_sort_u32, sort_u32, try_count_u32, count_u32);
    impl_try!(u64, try_sort_u64, sort_u64, try_count_u64, count_u64);
}
