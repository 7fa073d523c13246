//! stub
pub fn parse_date_time(t: &str) -> Option<f64> {
    t.ends_with('Z').then_some(0.0)
}
pub fn parse_http_date(t: &str) -> Option<f64> {
    t.ends_with("GMT").then_some(0.0)
}
pub fn format_date_time(_s: f64) -> String {
    "2024-05-14T08:00:00Z".into()
}
pub fn format_http_date(_s: f64) -> String {
    "Tue, 14 May 2024 08:00:00 GMT".into()
}
