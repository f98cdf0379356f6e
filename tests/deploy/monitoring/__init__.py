"""Parts of the test of alerts and dashboard: PromQL, a Prometheus, and a load for it to see."""
