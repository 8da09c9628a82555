"""Arrays and data frames become pictures and Plotly figures: pure functions."""
