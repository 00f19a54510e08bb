// An orchestrator that died is up again within seconds: the page asks twice a second at first, and then every five seconds.
const soon = 40;

// One that was started with another key does not know this login: then the login is shown, in the place of a page that cannot come back.
async function reloadWhereLoggedOut() {
  const answer = await fetch(location.href, { redirect: 'manual' }).catch(() => null);
  if (answer?.type === 'opaqueredirect' || answer?.status === 401) {
    location.reload();
  }
}

Blazor.start({
  circuit: {
    reconnectionOptions: {
      maxRetries: Infinity,
      retryIntervalMilliseconds: (attempt) => {
        reloadWhereLoggedOut();
        return attempt < soon ? 500 : 5000;
      },
    },
  },
});

// It is up again, and knows nothing of what this page has shown.
document.getElementById('components-reconnect-modal').addEventListener('components-reconnect-state-changed', (event) => {
  if (event.detail.state === 'rejected') {
    location.reload();
  }
});

// A field tells what was typed after a pause: the Enter key, which sends the form, comes before that.
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && event.target.localName === 'fluent-text-input') {
    event.target.dispatchEvent(new Event('change', { bubbles: true }));
  }
}, true);
