// Redraws the live section of a page every two seconds, and lets a transcript line start the recording there.
const live = document.querySelector("[data-live]");
if (live) {
  setInterval(async () => {
    if (document.hidden || window.getSelection().toString()) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      if (fresh && fresh.innerHTML !== live.innerHTML) live.innerHTML = fresh.innerHTML;
    } catch {
      // The server is gone or restarting; the next round tries again.
    }
  }, 2000);
}
const audio = document.querySelector("audio");
const lines = [...document.querySelectorAll(".script article")];
document.querySelectorAll(".at").forEach((button) =>
  button.addEventListener("click", () => {
    if (!audio) return;
    audio.currentTime = Number(button.dataset.ms) / 1000;
    audio.play();
  }),
);
audio?.addEventListener("timeupdate", () => {
  const now = audio.currentTime * 1000;
  const current = lines.findLast((line) => Number(line.querySelector(".at").dataset.ms) <= now);
  lines.forEach((line) => line.classList.toggle("now", line === current));
});

document.querySelector("[data-sign-out]")?.addEventListener("click", async () => {
  const token = document.cookie.split("; ").find((each) => each.startsWith("callbot_csrf="));
  await fetch("/api/sign-out", {
    method: "POST",
    headers: { "X-CSRF-Token": token ? token.slice("callbot_csrf=".length) : "" },
  });
  location.assign("/");
});
