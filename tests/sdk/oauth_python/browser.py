"""A browser, and a person before it, for the tests of sign-ins: it keeps cookies, follows redirects, and fills in forms."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

PASSWORDS = {"ann": "only-for-this-page", "bob": "also-only-for-this-page"}


class Form(HTMLParser):
    """The form of a page: where it is sent, and its hidden fields."""

    def __init__(self, page):
        super().__init__()
        self.action, self.hidden = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes["action"]
        elif tag == "input" and attributes.get("type") == "hidden":
            self.hidden[attributes["name"]] = attributes["value"]


class Browser:
    """Goes as far as redirects lead: to a page, or to where the client would take the answer."""

    def __init__(self, callback):
        self.session = requests.Session()
        self.callback = callback

    def go(self, url, form=None):
        """The address of the client with the answer, or else the page."""
        while not url.startswith(self.callback):
            answer = self.session.request("GET" if form is None else "POST", url, data=form, allow_redirects=False, timeout=10)
            if answer.status_code != 303:
                return answer
            url, form = urljoin(url, answer.headers["Location"]), None
        return url

    def send(self, page, **filled):
        """Sends the form of a page."""
        form = Form(page.text)
        return self.go(urljoin(page.url, form.action), form.hidden | filled)

    def sign_in(self, url, user="ann", decision="allow"):
        """Signs in, answers the question for consent if there is one, and returns the address of the client with the answer."""
        page = self.send(self.go(url), user=user, password=PASSWORDS[user])
        return page if isinstance(page, str) else self.send(page, decision=decision)
