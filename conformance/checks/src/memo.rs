//! Values that are computed once per operation and shared by its cases, until the last of these has ended.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use connect_model::schema::OperationId;
use tokio::sync::OnceCell;

type Cell = Arc<OnceCell<Arc<dyn Any + Send + Sync>>>;

/// Shared values by operation and name. Each name must always be used with the same type.
pub struct Memo(Vec<Mutex<HashMap<&'static str, Cell>>>);

impl Memo {
    /// Creates an empty memo for a number of operations.
    pub fn new(operations: usize) -> Self {
        Self((0..operations).map(|_| Mutex::default()).collect())
    }

    fn with<R>(&self, operation: OperationId, work: impl FnOnce(&mut HashMap<&'static str, Cell>) -> R) -> R {
        work(&mut self.0[operation.index()].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the value with a name. The first caller computes it with `make`; concurrent callers wait for it.
    pub async fn get<T, F>(&self, operation: OperationId, name: &'static str, make: impl FnOnce() -> F + Send) -> Arc<T>
    where
        T: Send + Sync + 'static,
        F: Future<Output = T> + Send,
    {
        let cell = self.with(operation, |cells| Arc::clone(cells.entry(name).or_default()));
        let value = cell.get_or_init(|| async { Arc::new(make().await) as Arc<dyn Any + Send + Sync> }).await;
        let typed = Arc::clone(value).downcast::<T>();
        typed.unwrap_or_else(|_| unreachable!("`{name}` is always used with one type"))
    }

    /// Drops all values of an operation.
    pub fn forget(&self, operation: OperationId) {
        self.with(operation, HashMap::clear);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Weak;

    use connect_model::schema::Schema;

    use super::*;

    #[tokio::test]
    async fn computes_a_value_once_and_drops_it_on_request() {
        let schema = Schema::connect();
        let operation = schema.operation_named("ListRules").unwrap();
        let memo = Memo::new(schema.operations().count());
        let first = memo.get(operation, "word", || async { "first" }).await;
        assert!(Arc::ptr_eq(&first, &memo.get(operation, "word", || async { "second" }).await));
        assert_eq!(*memo.get(operation, "number", || async { 7 }).await, 7);
        let left: Weak<_> = Arc::downgrade(&first);
        drop(first);
        assert!(left.upgrade().is_some());
        memo.forget(operation);
        assert!(left.upgrade().is_none());
    }
}
