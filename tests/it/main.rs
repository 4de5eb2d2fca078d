mod app;
mod architecture;
mod bulletin;
mod crawl;
mod fetch;
