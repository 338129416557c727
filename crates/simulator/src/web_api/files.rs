//! The three steps of an upload: get a URL, send the content, complete.
//!
//! A file that is shared twice is shown twice, as in Slack.

use serde_json::{Value, json};

use super::Call;
use crate::error::{Answer, Refused, refuse};
use crate::state::{ChannelType, File, Message, WorkspaceState};

const MAX_FILE_BYTES: usize = 1 << 30;

pub(super) fn stage(call: &mut Call<'_>) -> Answer {
    let name = call.args.need("filename")?;
    let length = call.args.need("length")?;
    let length: usize = length
        .parse()
        .map_err(|_| Refused::new("invalid_arguments"))?;
    if length == 0 {
        return refuse("file_upload_size_zero");
    }
    if length > MAX_FILE_BYTES {
        return refuse("file_upload_size_restricted");
    }
    let id = call.state.fresh("F");
    let file = File {
        id: id.clone(),
        title: name.clone(),
        name,
        length,
        by: call.bot.user_id.clone(),
        content: None,
        shared_in: Vec::new(),
    };
    call.state.files.insert(id.clone(), file);
    Ok(json!({"upload_url": format!("{}/upload/{id}", call.base), "file_id": id}))
}

/// Stores the content. It can be replaced until the file is shared.
pub(crate) fn upload(
    state: &mut WorkspaceState,
    id: &str,
    bytes: &[u8],
) -> Result<String, &'static str> {
    let Some(file) = state.files.get_mut(id) else {
        return Err("file_not_found");
    };
    if bytes.len() != file.length {
        return Err("length_mismatch");
    }
    if !file.shared_in.is_empty() {
        return Err("upload_already_completed");
    }
    file.content = Some(bytes.to_vec());
    Ok(format!("OK - {}", bytes.len()))
}

pub(super) fn complete(call: &mut Call<'_>) -> Answer {
    let files = call.args.json("files", "invalid_arguments")?;
    let list = files
        .as_ref()
        .and_then(Value::as_array)
        .filter(|l| !l.is_empty());
    let Some(list) = list else {
        return Err(Refused::missing("files"));
    };
    let mut ids = Vec::new();
    for entry in list {
        let id = entry["id"].as_str().unwrap_or_default();
        match call.state.files.get(id) {
            Some(file) if file.by != call.bot.user_id => return refuse("file_not_found"),
            Some(file) if file.content.is_none() => return refuse("file_not_found"),
            Some(_) => ids.push((id.to_owned(), entry["title"].as_str().map(str::to_owned))),
            None => return refuse("file_not_found"),
        }
    }
    let targets = call
        .args
        .text("channel_id")
        .or_else(|| call.args.text("channels"));
    let mut channels = Vec::new();
    for address in targets.unwrap_or_default().split(',').map(str::trim) {
        if !address.is_empty() {
            channels.push(target(call, address)?);
        }
    }
    for (id, title) in &ids {
        let file = call
            .state
            .files
            .get_mut(id)
            .expect("the file was just looked up");
        if let Some(title) = title {
            file.title.clone_from(title);
        }
        file.shared_in.extend(channels.iter().cloned());
    }
    let thread_ts = call.args.text("thread_ts").filter(|t| !t.is_empty());
    for channel in &channels {
        let message = Message {
            user: call.bot.user_id.clone(),
            bot_id: Some(call.bot.bot_id.clone()),
            app_id: Some(call.bot.app_id.clone()),
            text: call.args.text("initial_comment").unwrap_or_default(),
            thread_ts: thread_ts.clone(),
            files: ids.iter().map(|(id, _)| id.clone()).collect(),
            ..Message::default()
        };
        call.state.post(channel, message, call.now);
    }
    let shown: Vec<Value> = ids
        .iter()
        .map(|(id, _)| json!({"id": id, "title": call.state.files[id].title}))
        .collect();
    Ok(json!({"files": shown}))
}

fn target(call: &Call<'_>, address: &str) -> Result<String, Refused> {
    let channel = call.state.channels.get(address);
    let visible = channel.filter(|r| r.kind == ChannelType::Public || call.inside(r));
    let Some(channel) = visible else {
        return refuse("channel_not_found");
    };
    if channel.archived {
        return refuse("is_archived");
    }
    if !call.inside(channel) {
        return refuse("not_in_channel");
    }
    Ok(channel.id.clone())
}
