//! A bar on standard error for what takes longer than a second. Alone names indicatif.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// What takes no longer is done before anybody asks.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many steps lie between two looks at the clock.
const STRIDE: u64 = 64;

/// How far some work has come. Nothing is drawn where standard error is no terminal, and nothing stays of it.
pub struct Progress {
    what: &'static str,
    total: Option<u64>,
    begun: Instant,
    bar: Option<ProgressBar>,
    wanted: bool,
    next: u64,
}

impl Progress {
    /// Begins work of so many steps, if that is known.
    pub fn new(what: &'static str, total: Option<u64>) -> Self {
        let wanted =
            std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { what, total, begun: Instant::now(), bar: None, wanted, next: 0 }
    }

    /// So many steps are done.
    pub fn at(&mut self, done: u64) {
        if !self.wanted || done < self.next {
            return;
        }
        self.next = done + STRIDE;
        if self.bar.is_none() && self.begun.elapsed() >= PATIENCE {
            self.bar = Some(self.begin());
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    fn begin(&self) -> ProgressBar {
        let form = match self.total {
            Some(_) => "{msg} {wide_bar} {human_pos} of {human_len}",
            None => "{msg} {human_pos}",
        };
        // Hidden until it is whole: every change would be drawn.
        let bar = ProgressBar::hidden().with_message(self.what);
        if let Some(total) = self.total {
            bar.set_length(total);
        }
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
        bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
