//! Columns as the domain's types, for `query_as!`: a column that holds something else is an error of the row.

use crate::domain::ids::{
    Actor, ChannelId, EffectId, IncidentId, MessageTs, SignalId, UserId, ViewId,
};
use crate::domain::incident::{
    Kind, NotificationStatus, Occasion, Severity, Source, Status, TimelineKind,
};
use serde::de::value::Error;
use serde::de::{Deserialize, IntoDeserializer as _};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::{Decode, Postgres, Type};
use uuid::Uuid;

/// `text` for what serde writes as a text.
macro_rules! text_columns {
    ($($column:ty),+ $(,)?) => {$(
        impl Type<Postgres> for $column {
            fn type_info() -> PgTypeInfo {
                <String as Type<Postgres>>::type_info()
            }
        }

        impl<'r> Decode<'r, Postgres> for $column {
            fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
                let text = <String as Decode<Postgres>>::decode(value)?;
                let column: Result<Self, Error> = Self::deserialize(text.into_deserializer());
                Ok(column?)
            }
        }
    )+};
}

macro_rules! uuid_columns {
    ($($column:ident),+ $(,)?) => {$(
        impl Type<Postgres> for $column {
            fn type_info() -> PgTypeInfo {
                <Uuid as Type<Postgres>>::type_info()
            }
        }

        impl<'r> Decode<'r, Postgres> for $column {
            fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(Self(<Uuid as Decode<Postgres>>::decode(value)?))
            }
        }
    )+};
}

text_columns!(
    Actor,
    ChannelId,
    Kind,
    MessageTs,
    NotificationStatus,
    Occasion,
    Severity,
    Source,
    Status,
    TimelineKind,
    UserId,
    ViewId,
);
uuid_columns!(EffectId, IncidentId, SignalId);

/// The word of a value, as serde writes it and [`text_columns`] read it.
pub(super) fn word_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
