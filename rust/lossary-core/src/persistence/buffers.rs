//! Memory that a thread keeps from image to image: a first write to fresh pages costs more than most passes.

use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};
use std::thread::LocalKey;

/// A thread keeps at most so many bytes.
const MOST_KEPT: usize = 1 << 26;

thread_local! {
    /// The bytes that are kept, for all types of elements.
    static KEPT: Cell<usize> = const { Cell::new(0) };
}

/// The allocator is as good for vectors of fewer bytes.
const WORTHWHILE: usize = 1 << 16;

/// A vector whose memory goes back to its thread.
pub(super) struct Buffer<T: Kept>(Vec<T>);

/// An element of [buffers](Buffer).
pub trait Kept: Copy + 'static {
    /// The vectors that are not in use.
    #[doc(hidden)]
    fn shelf() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>>;
}

macro_rules! impl_kept {
    ($($element:ty),*) => {$(
        impl Kept for $element {
            fn shelf() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>> {
                thread_local! {
                    static SHELF: RefCell<Vec<Vec<$element>>> = const { RefCell::new(Vec::new()) };
                }
                &SHELF
            }
        }
    )*};
}

impl_kept!(u8, u16, u32, u64, f32, f64);

impl<T: Kept> Buffer<T> {
    /// Nothing, with room for so many elements.
    pub(super) fn with_capacity(count: usize) -> Self {
        let kept = T::shelf().try_with(|shelf| {
            let mut shelf = shelf.try_borrow_mut().ok()?;
            let fits = |index: &usize| shelf[*index].capacity() >= count;
            let best = (0..shelf.len()).filter(fits).min_by_key(|&index| shelf[index].capacity())?;
            let vector = shelf.swap_remove(best);
            KEPT.set(KEPT.get().saturating_sub(bytes(&vector)));
            Some(vector)
        });
        Self(kept.ok().flatten().unwrap_or_else(|| Vec::with_capacity(count)))
    }

    /// So many equal elements.
    pub(super) fn filled(value: T, count: usize) -> Self {
        let mut buffer = Self::with_capacity(count);
        buffer.0.resize(count, value);
        buffer
    }
}

impl<T: Kept> Default for Buffer<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Kept> Deref for Buffer<T> {
    type Target = Vec<T>;

    #[inline(always)]
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Kept> DerefMut for Buffer<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Kept> Drop for Buffer<T> {
    fn drop(&mut self) {
        let mut vector = std::mem::take(&mut self.0);
        if bytes(&vector) < WORTHWHILE {
            return;
        }
        // A thread that ends has no shelf any more: the vector is freed.
        let _ = T::shelf().try_with(|shelf| {
            if let Ok(mut shelf) = shelf.try_borrow_mut()
                && KEPT.get() + bytes(&vector) <= MOST_KEPT
            {
                KEPT.set(KEPT.get() + bytes(&vector));
                vector.clear();
                shelf.push(std::mem::take(&mut vector));
            }
        });
    }
}

fn bytes<T>(vector: &Vec<T>) -> usize {
    vector.capacity() * size_of::<T>()
}
