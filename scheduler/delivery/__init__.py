"""Delivery: to and from what lies outside, by mail, feed, web and CalDAV."""
