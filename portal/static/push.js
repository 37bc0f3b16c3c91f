// The switch for pushes in this browser: asks for permission, subscribes, and sends the form with what it was given.
const form = document.querySelector("[data-push]");
const said = form.querySelector("[role=status]");
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt());

form.hidden = !("serviceWorker" in navigator && "PushManager" in window);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  event.stopPropagation();
  try {
    if (await Notification.requestPermission() !== "granted") {
      said.textContent = form.dataset.denied;
      return;
    }
    const worker = await navigator.serviceWorker.register("/static/worker.js");
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push) });
    const { endpoint, keys } = subscription.toJSON();
    for (const [name, value] of Object.entries({ endpoint, ...keys })) form.elements[name].value = value;
    form.submit();
  } catch {
    said.textContent = form.dataset.failed;
  }
});
