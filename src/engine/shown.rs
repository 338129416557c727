//! placeholder
use super::Engine;
use crate::courier::Shown;
use crate::domain::effect::Effect;
use crate::store::StoreError;
impl Engine {
    pub(super) async fn shown(&self, _effect: &Effect) -> Result<Option<Shown>, StoreError> {
        Ok(None)
    }
}
