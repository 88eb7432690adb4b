// The end of a long sweep is told to somebody who looks elsewhere: by the page's title, and by a notification if that
// is allowed. Nothing is asked before somebody clicks.

/** Whether a notification could be allowed: not where the browser has none, and not after a no. */
export function mayAsk() {
  return "Notification" in window && Notification.permission === "default";
}

/** @returns {Promise<boolean>} Whether notifications are allowed now. */
export async function askToNotify() {
  return (await Notification.requestPermission()) === "granted";
}

/**
 * Tells the end, if nobody looks at the page.
 *
 * @param {string} words How the sweep ended.
 * @returns {() => void} Takes it back.
 */
export function tellTheEnd(words) {
  if (!document.hidden) return () => {};
  const before = document.title;
  const title = `✔ ${words}`;
  document.title = title;
  if ("Notification" in window && Notification.permission === "granted") {
    try {
      new Notification("The sweep has ended", { body: words, tag: "segflux-sweep" });
    } catch (error) {
      console.warn("The browser shows no notification.", error); // phones have them for installed pages only
    }
  }
  const seen = () => {
    if (document.hidden) return;
    document.removeEventListener("visibilitychange", seen);
    if (document.title === title) document.title = before;
  };
  document.addEventListener("visibilitychange", seen);
  return () => {
    document.removeEventListener("visibilitychange", seen);
    if (document.title === title) document.title = before;
  };
}
