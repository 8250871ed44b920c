"""Many participants placed at once: their days, their times, and how good that is.

One participant at a time, whoever comes first takes what others need more.  Here everybody's
choices are laid out side by side (`patterns`), with the places that each day has (`places`);
a solver selects one choice for each so that all fit (`selection`); the days are filled with times
(`packing`), and `arrangement` brings the steps together.
"""
