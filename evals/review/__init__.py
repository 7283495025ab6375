"""The reviewer's desk: queues of what people should look at, and the labels they give.

`models` are the rows, `questions` and `answers` the pure rules of rubrics, `services` write (and
hold every rule of who may do what), `selectors` read, `api` translates. Pages are in `dashboards`.
"""
