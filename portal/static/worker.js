// The service worker: shows what is pushed, and opens its page. It says a kind and a reference, and keeps nothing.
self.addEventListener("push", (event) => {
  const { title, reference, url, tag } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body: reference, tag, data: url }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data;
  event.waitUntil(self.clients.matchAll({ type: "window", includeUncontrolled: true }).then((pages) => {
    const open = pages.find((page) => page.url === url);
    return open ? open.focus() : self.clients.openWindow(url);
  }));
});
