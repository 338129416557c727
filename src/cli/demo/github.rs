//! The story on GitHub: a run that is repaired, and a deployment that becomes an incident.

use super::setup::REPOSITORY;
use super::story::{See, Step, Story, ok};
use simulator::{AttemptPlan, ChannelView, JobPlan, RunPlan, Snapshot};

impl Story<'_> {
    /// A run fails because a connection did, is repeated, and is green.
    pub(super) async fn heal(&mut self) -> Step {
        self.transcript.chapter("CI fails, and heals itself");
        let github = self.demo.workspace.github();
        self.acts("GitHub: a run of CI fails on main").await;
        let log =
            "fatal: unable to access 'https://github.com/acme/lib/': Connection reset by peer";
        let failed = RunPlan::new("CI", vec![JobPlan::failed("build", log)]);
        let run = github.run(
            REPOSITORY,
            failed.then(AttemptPlan::new(vec![JobPlan::passed("build")])),
        );
        let told = See::Message("#engineering", REPOSITORY);
        self.sees("#engineering", &[told]).await?;
        let again = |_: &Snapshot| github.find_run(run).filter(|run| run.attempt > 1);
        let what = "the failed job runs again";
        self.transcript.until(what, again).await?;
        self.acts("GitHub: the second attempt succeeds").await;
        github.finish_runs();
        let healed = See::Message("#engineering", "healed");
        self.sees("#engineering", &[healed]).await
    }

    /// A deployment to production fails: there is an incident, and a button that rolls back.
    pub(super) async fn deploy(&mut self) -> Step {
        // It would join the incident that is open.
        if self.demo.left_open {
            return Ok(());
        }
        self.transcript.chapter("A deployment to production fails");
        let github = self.demo.workspace.github();
        self.acts("GitHub: a deployment of main to production fails")
            .await;
        let deployment = github.deploy(REPOSITORY, "production", "main", None);
        github.deployment_status(REPOSITORY, deployment, "failure");
        let bot = self.demo.workspace.bot_user();
        let what = "a second incident's channel";
        let channel = self.transcript.until(what, |now| {
            let mut channels = now.channels.iter();
            let made = channels.rfind(|one| one.creator == bot && one.name.starts_with("inc-"))?;
            let another = now
                .channels
                .iter()
                .filter(|one| one.name.starts_with("inc-"));
            (another.count() > 1 && made.pins.len() == 1).then(|| made.id.clone())
        });
        let channel = channel.await?;
        self.sees(&channel, &[See::Message(&channel, "deployment to ")])
            .await?;
        self.acts("ada presses Roll back").await;
        let now = self.demo.workspace.snapshot();
        let posts = now.channel(&channel).into_iter();
        let offer = posts
            .flat_map(ChannelView::posts)
            .find(|post| post.words.contains("deployment to "));
        let offer = offer.ok_or("no message offers a rollback")?;
        let ada = self.demo.workspace.person("ada");
        ok(&ada.press(&channel, &offer.ts, "Roll back").await?)?;
        let running = See::Message(&channel, "The rollback is running");
        self.sees(&channel, &[running]).await?;
        github.finish_runs();
        let rolled_back = See::Message(&channel, "succeeded, started by");
        self.sees(&channel, &[rolled_back]).await?;
        self.types("ada", &channel, "resolved The deployment is rolled back")
            .await?;
        self.sees(&channel, &[See::Card("Duration")]).await
    }
}
