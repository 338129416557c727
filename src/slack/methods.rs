//! The methods of Slack that we call: a bounded set, for labels and for pauses.

/// A method of the Web API, or one of the two addresses that Slack hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    AuthTest,
    ChatPostEphemeral,
    ChatPostMessage,
    ChatUpdate,
    ConversationsCreate,
    ConversationsHistory,
    ConversationsInvite,
    ConversationsJoin,
    ConversationsList,
    ConversationsOpen,
    ConversationsSetTopic,
    FilesCompleteUploadExternal,
    FilesGetUploadUrlExternal,
    PinsAdd,
    UsersConversations,
    ViewsOpen,
    ViewsUpdate,
    ResponseUrl,
    Upload,
}

/// Every method's name, for metrics that show a series from the first scrape.
pub const METHODS: [&str; 19] = [
    "auth.test",
    "chat.postEphemeral",
    "chat.postMessage",
    "chat.update",
    "conversations.create",
    "conversations.history",
    "conversations.invite",
    "conversations.join",
    "conversations.list",
    "conversations.open",
    "conversations.setTopic",
    "files.completeUploadExternal",
    "files.getUploadURLExternal",
    "pins.add",
    "users.conversations",
    "views.open",
    "views.update",
    "response_url",
    "files.upload",
];

impl Method {
    /// Slack's name for it.
    pub(crate) fn as_str(self) -> &'static str {
        METHODS[self as usize]
    }

    /// What waits when this method is limited: the method, for every lane of every replica.
    pub(crate) fn scope(self) -> String {
        format!("slack:{}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_its_own_name() {
        for (method, name) in [
            (Method::AuthTest, "auth.test"),
            (Method::ConversationsInvite, "conversations.invite"),
            (
                Method::FilesGetUploadUrlExternal,
                "files.getUploadURLExternal",
            ),
            (Method::ViewsUpdate, "views.update"),
            (Method::Upload, "files.upload"),
        ] {
            assert_eq!(method.as_str(), name);
        }
        assert_eq!(Method::Upload as usize + 1, METHODS.len());
    }
}
